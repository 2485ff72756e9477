"""A person at a terminal, as a list of answers."""

from dataclasses import dataclass, field


@dataclass
class FakeConsole:
    """Fulfils ``Console``. When the answers run out, the terminal is closed."""

    answers: list[str]
    columns: int = 80
    rows: int = 24
    shown: str = ""
    prompts: list[str] = field(default_factory=list)

    def write(self, text: str) -> None:
        self.shown += text

    def ask(self, prompt: str) -> str:
        self.prompts.append(prompt)
        self.shown += prompt
        if not self.answers:
            raise EOFError
        answer = self.answers.pop(0)
        if answer == "^C":
            raise KeyboardInterrupt
        self.shown += f"{answer}\n"
        return answer
