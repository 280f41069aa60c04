"""What the firmware uses of the demo board's SDK, with a simulated chip behind the pins. Runs in MicroPython."""

import chip


class _In:
    @property
    def value(self):
        return 0

    @value.setter
    def value(self, byte):
        chip.write(byte)


class _Out:
    @property
    def value(self):
        return chip.read()


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
        self.ui_in, self.uo_out, self.shuttle, self.hz = _In(), _Out(), _Shuttle(), 0

    @classmethod
    def get(cls):
        if cls._only is None:
            cls._only = cls()
        return cls._only

    def clock_project_PWM(self, hz):  # noqa: N802  the SDK's name
        self.hz = hz

    def reset_project(self, in_reset):
        if in_reset:
            chip.reset()
