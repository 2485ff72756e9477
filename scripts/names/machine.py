"""Texts of machines, in which nobody is named: logs, shells, configurations, hashes, tables. From a seed."""

import random

from scripts.names.beside import PRODUCTS
from scripts.names.lists import english, ordinary

_SHAPES = (
    "sha256:{h64}", "commit {h40}", "index {h7}..{h7} 100644", "@@ -{n},{n} +{n},{n} @@ def {id}({id}):", "git cherry-pick {h40}",
    "{u}", "id={u} name={id}", "data:image/png;base64,{b60}", "integrity sha512-{b86}==", "resolved https://registry.{w}.org/{w}/-/{w}-{v}.tgz#{h40}",
    "{ts} INFO [{id}] {W} {w} {w} in {n} ms", "{ts} ERROR {C}: {w} {w} ({id}={n})", "[{ts}] {w}.{w} WARN - {W} {w} {w} {n}/{n}",
    "{m} {n} {ts2} {w} {w}[{n}]: {W} {w} {w} {w}", '10.1.{n2}.{n2} - - [{ts}] "GET /{w}/{n}?{w}={n} HTTP/1.1" 200 {n} "-" "Mozilla/5.0"',
    "$ {w} --{w} {n} --{w}={w} /{w}/{w}/{w}.{x}", "sudo apt install lib{w}-dev lib{w}{n2}-dev python3-{w}", "cd /usr/{w}/{w} && ./{w}.sh {n}",
    "pip install {w}=={v} {w}>={v}", "docker run -d --name {w} -p {n}:{n} {w}/{w}:{v}", '  "{id}": {n},', '  "{id}": "{w} {w}",',
    "{id} = {C}({id}, {n})", "from {w}.{w} import {C}, {C}", "def {id}(self, {id}: {C}) -> {C}:", "    return self.{id}.{id}({n})",
    "if ({id} == {n}) {{ {id}.{id}(); }}", "const {{ {id}, {id} }} = require('{w}');", "export class {C} extends {C} {{", "std::vector<{C}> {id};",
    "SELECT {w}, COUNT(*) FROM {w} JOIN {w} ON {w}.{w}_id = {w}.id WHERE {w} > {n} ORDER BY {w} DESC LIMIT {n2};",
    ".{w}-{w} {{ margin: {n2}px {n2}px; color: #{h6}; }}", '<div class="{w} {w}" id="{id}"><span>{W} {w}</span></div>',
    "{W} {W}: {n}", "{W} {w} {w} ({w}, {w})", "{W},{W},{W}\n{n},{n},{n}", "{n}\t{n}\t{f}\t{f}", "{f} {f} {f} {f} {f}", "{n}, {n}, {n}, {n}",
    "| {W} | {W} | {n} |", "- [ ] {W} {w} {w}", "# {W} {W}", "## {W} {w} {w}", "{W} {W} {W}", "* {W} {w} {w} {w}.", "{W}: {w} {w} {w} {w} {w}.",
    "https://{w}.{w}.com/{w}/{n}/{w}?{w}={n}#{w}", "/{w}/{w}/{w}_{n}.{x}", "C:\\{W}\\{W}\\{w}.{x}", "{R} {v}: {W} {w} {w}", "{R} ({w})",
    "Package: {w}\nVersion: {v}\nDepends: lib{w} (>= {v}), {w}", "{w}:{w} (={v})", "ii  {w}  {v}  amd64  {w} {w}", "{K}={n}", 'export {K}="{w}"',
    "{K}_{K}: {w}", "{W} {w} {w} {W} {w} {w} {w}.", "The {W} {w} {W} {w}.", "{W} ({K}) {w} {w} {K} {w}.", "{K} {K} {w} {K}",
    "{W} {n}", "{W} {W} {n}", "{n} {w} {w}", "{n} {W} {w} {n}", "{n}. {W} {w} {w}", "{W} {n2}:{n2}", "{W} {w}: {n} {w}, {n} {w}",
    "{w} {w} {w} {w} {w}", "{w} {w} {w}", "{w} {w} {w} {w} {w} {w} {w} {w}", "{W} {w} {w} {w}, {w} {w}? {W} {w}!",
)  # fmt: skip


class Machine:
    """Draws lines."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self._plain = [word for word in ordinary() if word.isascii()] + english()

    def text(self) -> str:
        """A few lines of one or two kinds."""
        shapes = self.rng.sample(_SHAPES, self.rng.randint(1, 3))
        return "\n".join(self.line(self.rng.choice(shapes)) for _ in range(self.rng.randint(1, 5)))

    def word(self) -> str:
        """An ordinary word of any language."""
        return self.rng.choice(self._plain)

    def line(self, shape: str) -> str:
        """A line of a shape."""
        out, rest = "", shape.replace("{{", "\x01").replace("}}", "\x02")
        while "{" in rest:
            head, _, rest = rest.partition("{")
            key, _, rest = rest.partition("}")
            out += head + self._fill(key)
        return (out + rest).replace("\x01", "{").replace("\x02", "}")

    def _fill(self, key: str) -> str:  # noqa: PLR0911 - a table of holes
        rng = self.rng
        if key[0] == "h":
            return "".join(rng.choices("0123456789abcdef", k=int(key[1:])))
        if key[0] == "b":
            return "".join(
                rng.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", k=int(key[1:]))
            )
        if key == "u":
            return "-".join(self._fill(f"h{n}") for n in (8, 4, 4, 4, 12))
        if key in {"n", "n2", "f", "v"}:
            number = rng.randint(0, 99 if key == "n2" else rng.choice((9, 99, 9999, 999_999)))
            return {"f": f"{number / 7:.2f}", "v": f"{number % 20}.{number % 7}.{number % 11}"}.get(key, str(number))
        if key in {"ts", "ts2"}:
            clock = f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}:{rng.randint(0, 59):02}"
            return (
                clock
                if key == "ts2"
                else f"2024-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}T{clock}.{rng.randint(0, 999):03}Z"
            )
        if key == "m":
            return rng.choice(("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"))
        if key == "id":
            return rng.choice((f"{self.word()}_{self.word()}", self.word() + self.word().title(), self.word()))
        if key == "x":
            return rng.choice(("py", "txt", "log", "png", "json", "conf", "c", "h", "so"))
        words = {"w": self.word(), "W": self.word().capitalize(), "K": self.word().upper(), "R": rng.choice(PRODUCTS)}
        return words.get(key) or self.word().title() + self.word().title()
