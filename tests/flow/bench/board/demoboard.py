"""What the firmware uses of the demo board's SDK, with a simulated chip behind the pins. Runs in MicroPython."""

import chip


class _In:
    """Nothing can be written in the modes in which the SDK leaves the pins alone."""

    byte_write = None


class _Out:
    byte_read = staticmethod(chip.read)


class _Project:
    def enable(self):
        return True


class _Shuttle:
    def get(self, name):
        return _Project()


class DemoBoard:
    """One board."""

    _only = None

    def __init__(self):
        self.ui_in, self.uo_out, self.shuttle = _In(), _Out(), _Shuttle()
        self._mode, self.auto_clocking_freq = 0, 10

    @property
    def mode(self):
        return self._mode

    @mode.setter
    def mode(self, mode):
        if self.auto_clocking_freq:
            raise TypeError("an SDK of 2024 fails here while the clock runs")
        self._mode = mode
        self.ui_in.byte_write = chip.write if mode == 1 else None

    def clock_project_stop(self):
        self.auto_clocking_freq = 0

    @classmethod
    def get(cls):
        if cls._only is None:
            cls._only = cls()
        return cls._only

    def clock_project_PWM(self, hz):  # noqa: N802  the SDK's name
        self.auto_clocking_freq = chip.system_hz // round(chip.system_hz / hz)

    def reset_project(self, in_reset):
        if in_reset:
            chip.reset()
