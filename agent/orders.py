"""Commands, obeyed: what a run does of its own accord it also does when it is told to.

A run looks here about once a second, while it waits too. A pause, an evidence picture and a report
change nothing of what is measured. Another suite or budget does: the session ends, and a new one
begins with a record of its own, so that no trial is told under another's name.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from agent.assembly import Examiner
from agent.profile import Profile
from agent.record import Command, Reply
from agent.service.commands import Intake, Outcome
from agent.suite import shipped

EVIDENCE_S: Final = 60.0
"""Seconds in which a picture that was asked for must be had, or the asking is over."""


class Refused(Exception):
    """The command cannot be obeyed; why, in one sentence."""


class Change(NamedTuple):
    """Another plan for the session after this one, and the command that wants it."""

    command: Command
    examiner: Examiner
    profile: Profile


class Orders:
    """What commands want of a run. ``say`` sends a reply, ``figures`` are those of a report.

    ``hear`` takes messages in, in whatever thread. ``paused`` and ``change`` are for the run to
    heed; ``most`` is the profile as it was given,
    whose budget no command can exceed.
    """

    def __init__(
        self,
        intake: Intake,
        examiner: Examiner,
        profile: Profile,
        say: Callable[[Reply], None],
        figures: Callable[[], Mapping[str, float]],
    ) -> None:
        self.examiner, self.profile, self.most = examiner, profile, profile
        self.paused = False
        self.change: Change | None = None
        self._intake, self._say, self._figures = intake, say, figures
        self.hear = intake.hear
        self._asked: list[tuple[Command, float]] = []  # evidence, and until when

    @property
    def wants_evidence(self) -> bool:
        return bool(self._asked)

    def look(self) -> None:
        """Obey what has come in, up to a change of plan; what comes after that waits for it."""
        while self.change is None:
            command = self._intake.take()
            if command is None:
                break
            try:
                self._obey(command)
            except Refused as error:
                self._reply(command, "refused", str(error))
        self._give_up(time.monotonic())

    def evidence(self, kept: bool) -> None:
        """A frame with trials went by; whether its pictures were kept for those who asked."""
        asked, self._asked = self._asked, []
        for command, _ in asked:
            if kept:
                self._reply(command, "done", "A clean and a perturbed picture are on their way.")
            else:
                self._reply(command, "failed", "The pictures are too large for the budget.")

    def changed(self) -> None:
        """The session that a command wanted has begun."""
        if self.change is not None:
            command, examiner, profile = self.change
            self.change, self.examiner, self.profile = None, examiner, profile
            share = profile.budgets.cpu_share
            said = f"A new session runs the suite {examiner.suite} with cpu_share {share:g}."
            self._reply(command, "done", said)

    def end(self) -> None:
        """The run ends: what was not done is not going to be."""
        waiting = [command for command, _ in self._asked]
        if self.change is not None:
            waiting.append(self.change.command)
        while (command := self._intake.take()) is not None:
            waiting.append(command)
        for command in waiting:
            self._reply(command, "failed", "The agent ends.")

    def _obey(self, command: Command) -> None:
        if command.name == "pause":
            self.paused = True
            self._reply(command, "done", "Paused until it is told to resume, or starts anew.")
        elif command.name == "resume":
            self.paused = False
            self._reply(command, "done", "It examines frames again.")
        elif command.name == "suite":
            self._suite(command)
        elif command.name == "budget":
            self._budget(command)
        elif command.name == "evidence":
            self._asked.append((command, time.monotonic() + EVIDENCE_S))
        else:
            figures = dict(self._figures())
            said = f"{figures.get('frames', 0):.0f} frames, {figures.get('trials', 0):.0f} trials."
            self._reply(command, "done", said, figures)

    def _suite(self, command: Command) -> None:
        if command.suite not in shipped():
            # A path would let the network choose among this device's files.
            raise Refused(f"A command can choose a shipped suite only: {', '.join(shipped())}.")
        examiner = dataclasses.replace(self.examiner, suite=command.suite)
        self._change(command, examiner, self.profile)

    def _budget(self, command: Command) -> None:
        most = self.most.budgets.cpu_share
        if not command.cpu_share:
            raise Refused("A budget needs cpu_share, above 0.")
        if command.cpu_share > most:
            raise Refused(f"The profile {self.most.name} allows a cpu_share of {most:g} at most.")
        budgets = self.profile.budgets.model_copy(update={"cpu_share": command.cpu_share})
        self._change(command, self.examiner, self.profile.model_copy(update={"budgets": budgets}))

    def _change(self, command: Command, examiner: Examiner, profile: Profile) -> None:
        if (examiner, profile) == (self.examiner, self.profile):
            self._reply(command, "done", "It is so already: the session goes on.")
        else:
            self.change = Change(command, examiner, profile)

    def _give_up(self, now: float) -> None:
        late = [command for command, until in self._asked if now > until]
        self._asked = [(command, until) for command, until in self._asked if now <= until]
        for command in late:
            why = f"No frame within {EVIDENCE_S:.0f} s was tried with a target in it."
            self._reply(command, "failed", why)

    def _reply(
        self,
        command: Command,
        outcome: Outcome,
        said: str,
        figures: dict[str, float] | None = None,
    ) -> None:
        self._say(self._intake.done(command, outcome, said, figures))
