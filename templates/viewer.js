"use strict";
// The layout viewer of a report: cells, nets and violations from the text in #viewer-data, drawn on a canvas.
(async () => {
  const root = document.getElementById("viewer");
  const canvas = root.querySelector("canvas");
  const pen = canvas.getContext("2d");
  const part = (name) => root.querySelector(`[data-part="${name}"]`);
  const MOST_SHAPES = 120000;  // drawn at once; where more are in view the picture of the whole macro is shown
  const MOST_FOUND = 20000;    // places of a cell that are marked

  const bytes = Uint8Array.from(atob(document.getElementById("viewer-data").textContent), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const scene = JSON.parse(await new Response(stream).text());
  const picture = document.getElementById("viewer-picture");
  const top = scene.cells[0];
  const view = { x: 0, y: 0, scale: 1, width: 0, height: 0 };
  let marked = { boxes: [], net: null, rule: null }, at = 0, whole = 0;

  // --- geometry: a transform is [a, b, c, d, x, y], as canvas takes it
  const TURNS = [[1, 0, 0, 1], [0, 1, -1, 0], [-1, 0, 0, -1], [0, -1, 1, 0],
                 [1, 0, 0, -1], [0, 1, 1, 0], [-1, 0, 0, 1], [0, -1, -1, 0]];
  const apply = (t, x, y) => [t[0] * x + t[2] * y + t[4], t[1] * x + t[3] * y + t[5]];
  const inside = (t, turn, x, y) => {
    const [a, b, c, d] = TURNS[turn];
    return [t[0] * a + t[2] * b, t[1] * a + t[3] * b, t[0] * c + t[2] * d, t[1] * c + t[3] * d, ...apply(t, x, y)];
  };
  const boxOf = (t, box) => {
    const [x1, y1] = apply(t, box[0], box[1]), [x2, y2] = apply(t, box[2], box[3]);
    return [Math.min(x1, x2), Math.min(y1, y2), Math.max(x1, x2), Math.max(y1, y2)];
  };
  const meet = (a, b) => a[0] <= b[2] && b[0] <= a[2] && a[1] <= b[3] && b[1] <= a[3];
  const share = (box, window) => {
    const side = (k) => (Math.min(box[k + 2], window[k + 2]) - Math.max(box[k], window[k])) / Math.max(box[k + 2] - box[k], 1);
    return side(0) * side(1);
  };
  const START = [1, 0, 0, 1, 0, 0];
  function* placed(cell, t) {  // every cell directly in `cell`, with its transform in the top cell
    for (const p of cell.places) {
      const [child, turn, x, y, columns = 1, rows = 1, ax = 0, ay = 0, bx = 0, by = 0] = p;
      for (let i = 0; i < columns; i++)
        for (let j = 0; j < rows; j++)
          yield [scene.cells[child], inside(t, turn, x + i * ax + j * bx, y + i * ay + j * by)];
    }
  }

  // --- shapes as paths, made when they are first needed
  const addTo = (path, s) => {
    if (s.length === 4) path.rect(s[0], s[1], s[2] - s[0], s[3] - s[1]);
    else {
      path.moveTo(s[0], s[1]);
      for (let k = 2; k < s.length; k += 2) path.lineTo(s[k], s[k + 1]);
      path.closePath();
    }
  };
  const pathOf = (owner, layer) => {
    owner.paths = owner.paths || {};
    if (!(layer in owner.paths)) {
      owner.paths[layer] = new Path2D();
      for (const s of owner.shapes[layer] || []) addTo(owner.paths[layer], s);
    }
    return owner.paths[layer];
  };
  for (const cell of scene.cells) cell.count = Object.values(cell.shapes).reduce((n, s) => n + s.length, 0);

  function inView(window) {  // [cell, transform] of all cells with shapes in the window; null if there are too many
    const found = [];
    let count = 0;
    const look = (cell, t) => {
      const box = boxOf(t, cell.box);
      if (!meet(box, window)) return true;
      count += cell.count * share(box, window);  // the top cell of a large macro alone has more than can be shown
      if (count > MOST_SHAPES) return false;
      found.push([cell, t]);
      for (const [child, inner] of placed(cell, t)) if (!look(child, inner)) return false;
      return true;
    };
    return look(top, START) ? found : null;
  }

  // --- drawing
  const SI = (um) => um < 1 ? `${+(um * 1000).toPrecision(3)} nm` : um < 1000 ? `${+um.toPrecision(4)} um` : `${+(um / 1000).toPrecision(4)} mm`;
  const toScreen = (x, y) => [(x - view.x) * view.scale + view.width / 2, view.height / 2 - (y - view.y) * view.scale];
  const toLayout = (X, Y) => [(X - view.width / 2) / view.scale + view.x, (view.height / 2 - Y) / view.scale + view.y];
  const lens = (ratio, t) => {
    const s = view.scale * ratio;
    pen.setTransform(t[0] * s, -t[1] * s, t[2] * s, -t[3] * s,
      (t[4] - view.x) * s + view.width * ratio / 2, view.height * ratio / 2 - (t[5] - view.y) * s);
  };
  function draw() {
    const ratio = window.devicePixelRatio || 1;
    view.width = canvas.clientWidth; view.height = canvas.clientHeight;
    canvas.width = view.width * ratio; canvas.height = view.height * ratio;
    const [x1, y2] = toLayout(0, 0), [x2, y1] = toLayout(view.width, view.height);
    const seen = inView([x1, y1, x2, y2]);
    if (seen) {
      const few = seen.reduce((n, [cell]) => n + cell.count, 0) < 25000;
      scene.layers.forEach((layer, k) => {
        if (!layer.shown) return;
        pen.fillStyle = pen.strokeStyle = layer.colour;
        for (const [cell, t] of seen) {
          if (!cell.shapes[k]) continue;
          lens(ratio, t);
          pen.globalAlpha = marked.net ? 0.16 : 0.5;
          pen.fill(pathOf(cell, k));
          if (few) { pen.globalAlpha = marked.net ? 0.25 : 0.85; pen.lineWidth = 0.8 / view.scale; pen.stroke(pathOf(cell, k)); }
        }
      });
    } else if (picture.naturalWidth) {
      const span = Math.max((top.box[2] - top.box[0]) / picture.naturalWidth, (top.box[3] - top.box[1]) / picture.naturalHeight);
      const [X, Y] = toScreen((top.box[0] + top.box[2] - span * picture.naturalWidth) / 2, (top.box[1] + top.box[3] + span * picture.naturalHeight) / 2);
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      pen.globalAlpha = marked.net ? 0.3 : 1;
      pen.drawImage(picture, X, Y, picture.naturalWidth * span * view.scale, picture.naturalHeight * span * view.scale);
    }
    pen.globalAlpha = 1;
    if (marked.net) {
      lens(ratio, START);
      scene.layers.forEach((layer, k) => {
        if (!marked.net.shapes[k]) return;
        pen.fillStyle = layer.colour; pen.globalAlpha = 0.9; pen.fill(pathOf(marked.net, k));
      });
    }
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.globalAlpha = 1;
    marked.boxes.forEach((box, k) => {
      const [X1, Y1] = toScreen(box[0], box[3]), [X2, Y2] = toScreen(box[2], box[1]);
      pen.strokeStyle = marked.rule ? "#c0261e" : k === at ? "#111827" : "#4b5563";
      pen.fillStyle = marked.rule ? "rgba(220,38,38,.25)" : k === at ? "rgba(250,204,21,.22)" : "rgba(250,204,21,.08)";
      pen.lineWidth = k === at ? 2.2 : 1;
      const w = Math.max(X2 - X1, 6), h = Math.max(Y2 - Y1, 6), X = (X1 + X2 - w) / 2, Y = (Y1 + Y2 - h) / 2;
      pen.fillRect(X, Y, w, h); pen.strokeRect(X, Y, w, h);
    });
    if (part("labels").checked) labels();
    scaleBar();
    part("detail").textContent = seen ? "" : "picture: zoom in for layers";
    Object.assign(root.dataset, { scale: view.scale, x: view.x, y: view.y, mode: seen ? "shapes" : "picture" });
  }
  function labels() {
    const taken = [];
    pen.font = "11px system-ui, sans-serif"; pen.textAlign = "center"; pen.textBaseline = "middle";
    for (const [text, x, y] of scene.labels) {
      const [X, Y] = toScreen(x, y), w = pen.measureText(text).width / 2 + 4, box = [X - w, Y - 8, X + w, Y + 8];
      if (!meet(box, [0, 0, view.width, view.height]) || taken.some((other) => meet(other, box))) continue;
      taken.push(box);
      pen.fillStyle = "rgba(255,255,255,.82)"; pen.fillRect(box[0], box[1], 2 * w, 16);
      pen.fillStyle = "#22262e"; pen.fillText(text, X, Y);
    }
  }
  function scaleBar() {
    const aim = 110 / view.scale * scene.um, power = 10 ** Math.floor(Math.log10(aim));
    const um = [5, 2, 1].find((n) => n * power <= aim) * power, long = um / scene.um * view.scale, y = view.height - 16;
    pen.fillStyle = "rgba(255,255,255,.85)"; pen.fillRect(8, y - 18, long + 20, 28);
    pen.strokeStyle = pen.fillStyle = "#22262e"; pen.lineWidth = 2;
    pen.beginPath(); pen.moveTo(18, y - 4); pen.lineTo(18, y); pen.lineTo(18 + long, y); pen.lineTo(18 + long, y - 4); pen.stroke();
    pen.font = "11px system-ui, sans-serif"; pen.textAlign = "center"; pen.textBaseline = "bottom";
    pen.fillText(SI(um), 18 + long / 2, y - 3);
  }
  let waiting = false;
  const redraw = () => { if (!waiting) { waiting = true; requestAnimationFrame(() => { waiting = false; draw(); }); } };

  // --- moving about
  const show = (box, room = 1.15) => {
    view.width = canvas.clientWidth; view.height = canvas.clientHeight;
    const w = Math.max(box[2] - box[0], 0.4 / scene.um), h = Math.max(box[3] - box[1], 0.4 / scene.um);
    view.x = (box[0] + box[2]) / 2; view.y = (box[1] + box[3]) / 2;
    view.scale = Math.min(view.width / w, view.height / h) / room;
    redraw();
  };
  const fit = () => { show(top.box, 1.06); whole = view.scale; };
  const zoom = (factor, X = view.width / 2, Y = view.height / 2) => {
    const [x, y] = toLayout(X, Y);
    view.scale = Math.min(Math.max(view.scale * factor, whole / 4), 2);  // 2 pixels a nm
    view.x = x - (X - view.width / 2) / view.scale; view.y = y + (Y - view.height / 2) / view.scale;
    redraw();
  };
  canvas.addEventListener("wheel", (event) => {
    if (document.activeElement !== canvas && !event.ctrlKey) return;  // the page scrolls until the layout is clicked
    event.preventDefault();
    zoom(Math.exp(-event.deltaY * 0.0015), event.offsetX, event.offsetY);
  }, { passive: false });
  let grip = null;
  canvas.addEventListener("pointerdown", (event) => {
    canvas.focus({ preventScroll: true }); canvas.setPointerCapture(event.pointerId);
    grip = { X: event.offsetX, Y: event.offsetY, x: view.x, y: view.y, moved: false };
  });
  canvas.addEventListener("pointermove", (event) => {
    const [x, y] = toLayout(event.offsetX, event.offsetY);
    part("where").textContent = `${(x * scene.um).toFixed(3)}, ${(y * scene.um).toFixed(3)} um`;
    if (!grip) return;
    const dX = event.offsetX - grip.X, dY = event.offsetY - grip.Y;
    grip.moved = grip.moved || Math.abs(dX) + Math.abs(dY) > 4;
    view.x = grip.x - dX / view.scale; view.y = grip.y + dY / view.scale;
    redraw();
  });
  canvas.addEventListener("pointerup", (event) => {
    if (grip && !grip.moved) pick(...toLayout(event.offsetX, event.offsetY));
    grip = null;
  });
  canvas.addEventListener("keydown", (event) => {
    const step = 80 / view.scale;
    const act = {
      "+": () => zoom(1.4), "=": () => zoom(1.4), "-": () => zoom(1 / 1.4), f: fit, Escape: () => select({}),
      ArrowLeft: () => { view.x -= step; }, ArrowRight: () => { view.x += step; },
      ArrowUp: () => { view.y += step; }, ArrowDown: () => { view.y -= step; },
    }[event.key];
    if (act) { event.preventDefault(); act(); redraw(); }
  });

  // --- what is selected
  function select({ boxes = [], net = null, rule = null, name = "", detail = "" }) {
    marked = { boxes, net, rule }; at = 0;
    root.dataset.selected = name;
    part("name").textContent = name; part("about").textContent = detail;
    part("steps").hidden = boxes.length < 2;
    counted(); redraw();
  }
  const counted = () => { part("count").textContent = `${at + 1} of ${marked.boxes.length}`; root.dataset.place = at; };
  const step = (by) => {
    at = (at + by + marked.boxes.length) % marked.boxes.length;
    counted(); show(marked.boxes[at], marked.rule ? 12 : 2.2);
  };
  function placesOf(cell) {
    const found = [];
    const look = (here, t) => {
      if (here === cell) found.push(boxOf(t, here.box));
      for (const [child, inner] of placed(here, t)) { if (found.length >= MOST_FOUND) return; look(child, inner); }
    };
    look(top, START);
    return found;
  }
  const size = (box) => `${SI((box[2] - box[0]) * scene.um)} x ${SI((box[3] - box[1]) * scene.um)}`;
  function findCell(cell) {
    const boxes = placesOf(cell);
    select({ boxes, name: cell.name, detail: `cell, ${size(cell.box)}, ${boxes.length} ${boxes.length === 1 ? "place" : "places"}` });
    show(boxes[0], 2.2);
  }
  const around = (shapes) => {
    const box = [Infinity, Infinity, -Infinity, -Infinity];
    for (const s of Object.values(shapes).flat())
      for (let k = 0; k < s.length; k += 2) {
        box[0] = Math.min(box[0], s[k]); box[1] = Math.min(box[1], s[k + 1]);
        box[2] = Math.max(box[2], s[k]); box[3] = Math.max(box[3], s[k + 1]);
      }
    return box;
  };
  function findNet(net, move = true) {
    const on = Object.keys(net.shapes).map((k) => scene.layers[k].name).join(", ");
    select({ net, name: net.name, detail: `net on ${on}${net.whole ? "" : "; not all of it is drawn"}` });
    if (move) show(around(net.shapes));
  }
  function findRule(rule) {
    if (!rule.places.length) return;
    const left = rule.count - rule.places.length;
    select({ boxes: rule.places, rule, name: rule.rule, detail: `${rule.check}: ${rule.text}${left > 0 ? `; ${left} more in the database` : ""}` });
    step(0);
  }
  const holds = (s, x, y) => {
    if (s.length === 4) return s[0] <= x && x <= s[2] && s[1] <= y && y <= s[3];
    let within = false;
    for (let k = 0, l = s.length - 2; k < s.length; l = k, k += 2)
      if ((s[k + 1] > y) !== (s[l + 1] > y) && x < (s[l] - s[k]) * (y - s[k + 1]) / (s[l + 1] - s[k + 1]) + s[k]) within = !within;
    return within;
  };
  function pick(x, y) {
    for (let k = scene.layers.length - 1; k >= 0; k--) {
      if (!scene.layers[k].shown) continue;
      const net = scene.nets.find((n) => (n.shapes[k] || []).some((s) => holds(s, x, y)));
      if (net && marked.net !== net) return findNet(net, false);
    }
    const path = [];
    let here = [top, START];
    while (here) {
      const [cell, t] = here;
      here = null;
      for (const [child, inner] of placed(cell, t))
        if (meet(boxOf(inner, child.box), [x, y, x, y])) { here = [child, inner]; path.push(here); break; }
    }
    if (!path.length) return select({});
    const [cell, t] = path[path.length - 1];
    select({ boxes: [boxOf(t, cell.box)], name: cell.name, detail: `cell in ${[top.name, ...path.slice(0, -1).map(([c]) => c.name)].join(" / ")}, ${size(cell.box)}` });
  }

  // --- controls
  const button = (text, act, kind = "") => {
    const made = document.createElement("button");
    made.type = "button"; made.textContent = text; made.className = kind; made.addEventListener("click", act);
    return made;
  };
  scene.layers.forEach((layer, k) => {
    const line = document.createElement("label"), box = document.createElement("input"), swatch = document.createElement("i");
    box.type = "checkbox"; box.checked = layer.shown; box.dataset.layer = layer.name; swatch.style.background = layer.colour;
    box.addEventListener("change", () => { layer.shown = box.checked; redraw(); });
    line.append(box, swatch, `${layer.name} `, Object.assign(document.createElement("small"), { textContent: layer.number }));
    part(layer.shown ? "layers" : "others").append(line);
  });
  const counts = new Map(), cellsOnce = scene.cells.filter((c) => !counts.has(c.name) && counts.set(c.name, c));
  const all = [
    ...cellsOnce.map((c) => ({ name: c.name, kind: "cell", act: () => findCell(c) })),
    ...scene.nets.map((n) => ({ name: n.name, kind: "net", act: () => findNet(n) })),
  ];
  const search = part("search");
  const list = () => {
    const text = search.value.trim().toLowerCase();
    const found = all.filter((one) => one.name.toLowerCase().includes(text));
    found.sort((a, b) => (b.name.toLowerCase() === text) - (a.name.toLowerCase() === text));
    part("found").replaceChildren(...found.slice(0, 60).map((one) => {
      const made = button(one.name, one.act);
      made.append(Object.assign(document.createElement("small"), { textContent: one.kind }));
      return made;
    }));
    if (found.length > 60) part("found").append(`and ${found.length - 60} more`);
    return found;
  };
  search.addEventListener("input", list);
  search.addEventListener("keydown", (event) => { if (event.key === "Enter") { const [first] = list(); if (first) first.act(); } });
  part("violations").replaceChildren(...scene.rules.map((rule) => {
    const made = button(rule.rule, () => findRule(rule), "fail");
    made.append(Object.assign(document.createElement("small"), { textContent: `${rule.count}, ${rule.check}` }));
    made.title = rule.text; made.dataset.rule = `${rule.check}/${rule.rule}`;
    return made;
  }));
  if (!scene.rules.length) part("violations").textContent = "none in any check of the layout";
  for (const [name, act] of [["in", () => zoom(1.5)], ["out", () => zoom(1 / 1.5)], ["fit", fit], ["back", () => step(-1)],
    ["next", () => step(1)], ["full", () => document.fullscreenElement ? document.exitFullscreen() : root.requestFullscreen()]])
    part(name).addEventListener("click", act);
  part("labels").addEventListener("change", redraw);
  const go = () => {  // links of the report: #find=cell or net, #rule=check/name
    const [key, value] = decodeURIComponent(location.hash.slice(1)).split(/=(.*)/s);
    const rule = key === "rule" && scene.rules.find((r) => `${r.check}/${r.rule}` === value);
    const one = key === "find" && all.find((o) => o.name === value);
    if (rule) findRule(rule);
    if (one) one.act();
    if (rule || one) root.scrollIntoView({ block: "center" });
  };
  window.addEventListener("hashchange", go);
  new ResizeObserver(redraw).observe(canvas);
  root.hidden = false;
  await picture.decode().catch(() => {});  // without it large macros are blank until one zooms in
  fit(); list(); go();
  root.dataset.ready = "yes";
})();
