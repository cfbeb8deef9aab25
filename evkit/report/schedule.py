"""When a report is to be made, as lines for what runs things on time: crontab, systemd timers, CI. We run no daemon."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from evkit.errors import SpecError

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
EVERY = ("daily", "weekdays", "monthly", *WEEKDAYS)
WHEN = re.compile(r"\s*([a-z]+)\s+(\d{1,2}):(\d{2})\s*", re.IGNORECASE)
DEFAULT = "monday 07:00"


@dataclass(frozen=True)
class When:
    """A time that comes back.

    Parameters
    ----------
    day
        "daily", "weekdays" (Monday to Friday), "monthly" (its first day) or the name of a weekday.
    hour, minute
        Of the clock of the machine that runs it.
    """

    day: str
    hour: int
    minute: int

    @classmethod
    def of(cls, text: str) -> When:
        """Read a time such as "monday 07:00".

        Raises
        ------
        SpecError
            When it can't be read.

        Examples
        --------
        >>> When.of("monday 07:00").cron
        '0 7 * * 1'
        >>> When.of("7 o'clock")
        Traceback (most recent call last):
        evkit.errors.SpecError: schedule "7 o'clock" can't be read: give a day and a time, such as 'monday 07:00'. Days: daily, weekdays, monthly, monday, tuesday, wednesday, thursday, friday, saturday, sunday
        """
        found = WHEN.fullmatch(text)
        if not found or found[1].lower() not in EVERY or int(found[2]) > 23 or int(found[3]) > 59:
            raise SpecError(f"schedule {text!r} can't be read: give a day and a time, such as 'monday 07:00'. Days: {', '.join(EVERY)}")
        return cls(found[1].lower(), int(found[2]), int(found[3]))

    @property
    def cron(self) -> str:
        """The five fields of cron; Sunday is 0."""
        weekday = {"weekdays": "1-5", "sunday": "0"}.get(self.day, str(WEEKDAYS.index(self.day) + 1) if self.day in WEEKDAYS else "*")
        return f"{self.minute} {self.hour} {'1' if self.day == 'monthly' else '*'} * {weekday}"

    @property
    def calendar(self) -> str:
        """The same for systemd: OnCalendar."""
        days = {"weekdays": "Mon..Fri ", "daily": "", "monthly": ""}.get(self.day, f"{self.day[:3].capitalize()} ")
        return f"{days}*-*-{'01' if self.day == 'monthly' else '*'} {self.hour:02}:{self.minute:02}:00"

    @property
    def words(self) -> str:
        """The time for people."""
        days = {"daily": "every day", "weekdays": "Monday to Friday", "monthly": "on the first day of each month"}
        return f"{days.get(self.day, f'every {self.day.capitalize()}')} at {self.hour:02}:{self.minute:02}"


def lines(
    when: When, command: Sequence[str], *, folder: str, name: str, ci_command: Sequence[str], out: str, local: Sequence[str] = ()
) -> str:
    """Give what to put where, so that a command runs on time.

    Parameters
    ----------
    command
        What to run, part by part, with full paths.
    folder
        Where to run it.
    name
        What to call it: letters, digits, - and _.
    ci_command
        What to run in a checkout of the project.
    out
        The folder that it writes into.
    local
        Parts of `ci_command` that name places of this machine.

    Raises
    ------
    SpecError
        When a part has a line break: no crontab and no unit can hold one.
    """
    broken = next((part for part in (*command, *ci_command) if "\n" in part or "\r" in part), None)
    if broken is not None:
        raise SpecError(f"{broken!r} has a line break, which a crontab can't hold: write it into the notebook, or into a file")
    away = "".join(f"#    {part} is a place of this machine, which CI doesn't have: put it where the job can read it.\n" for part in local)
    return f"""# {name}: {when.words}, by one of the three. Times are those of the machine that runs it.
# --dated keeps each report under its day; without it there is one page, and what was whole before one that failed.
# Status 0: whole. 1: a cell failed. 3: whole, but the data is old, an event is unknown, ...: the page and stderr say so first.

# 1. crontab: add this line with `crontab -e`. cron mails what is printed, if MAILTO= and a mail program are set.
{when.cron} {cron_command(folder, command)}

# 2. systemd: ~/.config/systemd/user/evkit-{name}.service
[Unit]
Description=evkit report {name}

[Service]
Type=oneshot
WorkingDirectory={folder.replace("%", "%%")}
ExecStart={unit_command(command)}
# to be told of statuses 1 and 3, name a service of yours that tells you, under [Unit]: OnFailure=tell-me@%n.service

#    ~/.config/systemd/user/evkit-{name}.timer
[Unit]
Description=evkit report {name}, {when.words}

[Timer]
OnCalendar={when.calendar}
Persistent=true

[Install]
WantedBy=timers.target

#    then: systemctl --user daemon-reload && systemctl --user enable --now evkit-{name}.timer
#    and, so that it runs while nobody is logged in: loginctl enable-linger

# 3. CI (GitHub Actions; its clock is UTC): .github/workflows/evkit-{name}.yml
{away}name: evkit report {name}
on:
  schedule:
    - cron: "{when.cron}"
  workflow_dispatch:
jobs:
  report:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      - run: python -m pip install 'evkit[report]'        # or where you have it from: 'evkit[report] @ git+https://...', a wheel
      - run: {json.dumps(shlex.join(ci_command), ensure_ascii=False)}
      - uses: actions/upload-artifact@v4
        if: always()        # the report so far is kept also where a cell failed
        with:
          name: {name}
          path: {json.dumps(out, ensure_ascii=False)}
"""


def cron_command(folder: str, command: Sequence[str]) -> str:
    r"""Write a command for a crontab, where % ends the line.

    Examples
    --------
    >>> cron_command("/srv/a b", ["python", "-p", "share=5%"])
    "cd '/srv/a b' && python -p share=5\\%"
    """
    return f"cd {shlex.quote(folder)} && {shlex.join(command)}".replace("%", "\\%")


def unit_command(command: Sequence[str]) -> str:
    r"""Write a command for a systemd unit, where % and $ stand for something else and quoting is not the shell's.

    Examples
    --------
    >>> unit_command(["python", "-p", 'say=it\'s "5%" of $1'])
    'python -p "say=it\'s \\"5%%\\" of $$1"'
    """
    made = []
    for part in command:
        said = part.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
        made.append(said if re.fullmatch(r"[\w@+=:,./-]+", part) else f'"{said}"')
    return " ".join(made)
