"""People, postal addresses and all that stands beside them, drawn from a seed."""

import random
from collections.abc import Callable

from faker import Faker

from scripts.names.beside import (
    ADDRESSES,
    COMPANY_ENDS,
    COUNTRIES,
    EASTERN,
    LATIN_TYPES,
    PRODUCTS,
    STATES,
    SYLLABLES,
    WESTERN,
)
from scripts.names.lists import family, given, locales, towns

Rng = random.Random


class Values:
    """Draws what fills holes. The same generator state gives the same values."""

    def __init__(self, rng: Rng) -> None:
        self.rng = rng
        self._fakers = {name: Faker(name) for name in sorted(set(ADDRESSES))}
        self._people = [name for name in locales("person") if given(name) and family(name)]
        self._western = [name for name in WESTERN if name in self._people]
        self._own = {
            lang: [n for n in self._people if n.startswith(lang)] for lang in ("en", "de", "fr", "es", "it", "nl", "pl")
        }
        self._holes: dict[str, Callable[[str], str]] = {
            "P": self.person, "F": self.given, "S": self.family, "A": self.address, "B": self.lines,
            "C": lambda _: self.rng.choice(towns()), "O": lambda _: self.organisation(), "E": lambda _: self.email(),
            "T": lambda _: self.phone(), "D": lambda _: self.date(), "N": lambda _: self.number(), "M": lambda _: self.money(),
            "R": lambda _: self.rng.choice(PRODUCTS),
        }  # fmt: skip

    def fill(self, hole: str, language: str) -> str:
        """A value for a hole of a sentence in a language."""
        return self._holes[hole](language)

    def _locale(self, language: str) -> str:
        own = self._own.get(language, ())
        luck = self.rng.random()
        if own and luck < 0.4:
            return self.rng.choice(own)
        if luck < 0.85:
            return self.rng.choice(self._western)
        return self.rng.choice(self._people)

    def _invented(self) -> str:
        return "".join(self.rng.choices(SYLLABLES, k=self.rng.randint(2, 4))).capitalize()

    def given(self, language: str) -> str:
        """A given name."""
        if self.rng.random() < 0.12:
            return self._invented()
        return self.rng.choice(given(self._locale(language)))

    def family(self, language: str) -> str:
        """A family name."""
        if self.rng.random() < 0.15:
            return self._invented()
        return self.rng.choice(family(self._locale(language)))

    def person(self, language: str) -> str:
        """A name as people write it."""
        locale = self._locale(language)
        invented = self.rng.random() < 0.12
        first = self._invented() if invented else self.rng.choice(given(locale))
        last = self._invented() if invented or self.rng.random() < 0.05 else self.rng.choice(family(locale))
        if locale in EASTERN:
            return last + (" " if locale == "ko_KR" and self.rng.random() < 0.3 else "") + first
        other = self.rng.choice(family(locale))
        middle = self.rng.choice(given(locale))
        initial = self.rng.choice("ABCDEFGHJKLMNOPRSTW")
        shapes = (
            *(f"{first} {last}",) * 14, f"{first} {initial}. {last}", f"{first} {initial} {last}", f"{first} {middle} {last}",
            f"{last}, {first}", f"{last} {first}", f"{initial}. {last}", f"{initial}.{initial}. {last}", f"{first} {last}-{other}",
            f"{first}-{middle} {last}", f"{first} {last} {other}", first, first, f"{first} {initial}.", f"{first} {last} Jr.",
            f"Dr. {first} {last}", f"Mr. {first} {last}", f"Mrs. {last}", f"Prof. {last}", f"Dr {last}",
            f"{first} {self.rng.choice(('van', 'van der', 'de', 'von', 'Di', 'De la', 'Mc', 'O’', 'el', 'al-', 'bin'))} {last}",
            f"{first} {last}".upper(), f"{last.upper()} {first}",
        )  # fmt: skip
        return self.rng.choice(shapes).replace("’ ", "’").replace("- ", "-").replace("Mc ", "Mc")

    def _number(self) -> str:
        number = str(self.rng.choice((self.rng.randint(1, 30), self.rng.randint(1, 200), self.rng.randint(100, 9999))))
        return number + self.rng.choice(("",) * 8 + ("a", "b", "A", " B", "/2", "-14", " bis"))

    def _digits(self, count: int) -> str:
        return "".join(self.rng.choices("0123456789", k=count))

    def _letters(self, count: int) -> str:
        return "".join(self.rng.choices("ABCDEFGHJKLMNPRSTUWXY", k=count))

    def _town(self) -> str:
        return (
            self.rng.choice(towns())
            if self.rng.random() < 0.6
            else self._invented()
            + self.rng.choice(
                (
                    "",
                    "",
                    "burg",
                    "ville",
                    "ton",
                    "stad",
                    "dorf",
                    "ham",
                    "heim",
                    " am Main",
                    "-sur-Mer",
                    " de la Sierra",
                    " Heights",
                )
            )
        )

    def _street_name(self) -> str:
        kind = self.rng.randint(0, 4)
        words = ["Oak", "Maple", "Cedar", "Pine", "Elm", "Church", "High", "Main", "Station", "Mill", "Park", "River", "Lake", "Hill", "Spring", "School", "King", "Queen", "Garden", "Victoria", "Green", "North", "South", "East", "West", "First", "Second", "5th", "42nd", "Sunset", "Washington", "Lincoln", "Market", "Bridge"]  # fmt: skip
        if kind <= 1:
            return self.rng.choice(words) + self.rng.choice(("", "", "", " " + self.rng.choice(words)))
        if kind == 2:
            return self.rng.choice(family(self._locale("en")))
        return self._invented() if kind == 3 else self.rng.choice(given(self._locale("en")))

    def _formats(self) -> tuple[tuple[str, str, str], ...]:
        """Street with number, place with code, country: each of one country."""
        n, t = self._number(), self._town()
        s, first, last = (
            self._street_name(),
            self.rng.choice(given(self._locale("it"))),
            self.rng.choice(family(self._locale("fr"))),
        )
        flat = self.rng.choice(("", "", "", f", Apt {self._digits(1)}", f" Apt. {self._digits(3)}", f", Suite {self._digits(3)}",
                                f" Unit {self._digits(2)}", f", Flat {self._digits(1)}", f" #{self._digits(2)}"))  # fmt: skip
        stem = self.rng.choice(
            (self._invented(), last, first, "Haupt", "Bahnhof", "Garten", "Schul", "Berg", "Kirch", "Linden")
        )
        german = self.rng.choice((f"{stem}straße", f"{stem}str.", f"{stem}weg", f"{stem}gasse", f"{stem}allee", f"{stem}platz",
                                  f"{first}-{last}-Straße", f"Am {stem}", f"An der {stem}", f"Alte {stem}straße", f"{stem}ring"))  # fmt: skip
        french = self.rng.choice(
            ("rue", "avenue", "boulevard", "place", "chemin", "impasse", "allée", "quai", "Rue", "Avenue")
        )
        french += self.rng.choice((" de la ", " du ", " des ", " de ", " ", " ")) + self.rng.choice(
            (f"{first} {last}", last, self._invented())
        )
        spanish = self.rng.choice(("Calle", "C/", "Avenida", "Avda.", "Plaza", "Paseo", "calle", "Camino", "Carrer")) + self.rng.choice(
            (" de ", " ", " del ", " de la ", " ")) + self.rng.choice((last, f"{first} {last}", self._invented()))  # fmt: skip
        italian = self.rng.choice(("Via", "via", "Viale", "Piazza", "Corso", "Vicolo", "Largo")) + self.rng.choice(
            (" ", " ", " della ", " dei ", " del ")) + self.rng.choice((last, f"{first} {last}", self._invented()))  # fmt: skip
        dutch = self.rng.choice((stem, self._invented())) + self.rng.choice(
            ("straat", "laan", "weg", "plein", "gracht", "kade", "dreef", "pad")
        )
        polish = self.rng.choice(("ul. ", "ul. ", "al. ", "os. ", "pl. ", "")) + self.rng.choice(
            (last, f"{first}a {last}", self._invented())
        )
        nordic = self._invented() + self.rng.choice(("gatan", "vägen", "vej", "gade", "gata", "veien", "katu", "tie"))
        floor = self.rng.choice(
            ("", "", f", {self._digits(1)}º {self._letters(1)}", f", piso {self._digits(1)}", f" {self._digits(1)}ºB")
        )
        d, country = self._digits, self.rng.choice(towns() if self.rng.random() < 0.5 else COUNTRIES)
        return (
            (f"{n} {s} {self.rng.choice(LATIN_TYPES)}{flat}", f"{t}, {self.rng.choice(STATES)} {d(5)}", "USA"),
            (f"{n} {s} {self.rng.choice(LATIN_TYPES)}{flat}", f"{t}, {self.rng.choice(STATES)} {d(5)}-{d(4)}", "United States"),
            (f"{n} {s} {self.rng.choice(LATIN_TYPES)}", f"{t} {self._letters(2)}{d(1)} {d(1)}{self._letters(2)}", "UK"),
            (f"Flat {d(1)}, {n} {s} {self.rng.choice(LATIN_TYPES)}", f"{t}, {self._letters(1)}{d(2)} {d(1)}{self._letters(2)}", "United Kingdom"),
            (f"{n} {s} {self.rng.choice(LATIN_TYPES)}", f"{t} {self.rng.choice(('NSW', 'VIC', 'QLD'))} {d(4)}", "Australia"),
            (f"{n} {s} {self.rng.choice(LATIN_TYPES)}", f"{t}, {self.rng.choice(('ON', 'QC', 'BC'))} K{d(1)}A {d(1)}B{d(1)}", "Canada"),
            (f"P.O. Box {d(3)}", f"{t}, {self.rng.choice(STATES)} {d(5)}", "USA"),
            (f"{german} {n}", f"{d(5)} {t}", "Deutschland"), (f"{german} {n}", f"D-{d(5)} {t}", "Germany"),
            (f"{german} {n}", f"{d(4)} {t}", "Österreich"), (f"{n}, {french}", f"{d(5)} {t}", "France"),
            (f"{n} {french}", f"{d(5)} {t}", "France"), (f"{french} {n}", f"{d(4)} {t}", "Belgique"),
            (f"{spanish}, {n}{floor}", f"{d(5)} {t}", "España"), (f"{spanish} {n}{floor}", f"{d(5)} {t}", "Spain"),
            (f"{italian} {n}", f"{d(5)} {t} ({self._letters(2)})", "Italia"), (f"{italian}, {n}", f"{d(5)} {t}", "Italy"),
            (f"{dutch} {n}", f"{d(4)} {self._letters(2)} {t}", "Nederland"), (f"{dutch} {n}", f"{d(4)}{self._letters(2)} {t}", ""),
            (f"{polish} {n}/{d(1)}", f"{d(2)}-{d(3)} {t}", "Polska"), (f"{polish} {n}", f"{d(2)}-{d(3)} {t}", "Poland"),
            (f"{nordic} {n}", f"{d(3)} {d(2)} {t}", "Sweden"), (f"{nordic} {n}", f"{d(4)} {t}", "Danmark"),
            (f"{self.rng.choice((stem, self._invented()))} {self.rng.choice(('utca', 'u.', 'út', 'tér'))} {n}.", f"{t}, {d(4)}", "Hungary"),
            (f"{self._invented()} {n}", f"{t} {d(5)}", country), (f"{self._invented()} {self.rng.choice(('tee', 'tn', 'mnt'))} {n}", f"{t}", country),
            (f"{self._invented()}ova {n}", f"{t} nad {self._invented()}", country), (f"{s} {self.rng.choice(LATIN_TYPES)} {n}", f"{t} {d(4)}", country),
            (f"{n} {s} {self.rng.choice(LATIN_TYPES)}", t, country), (f"{n} {s} {self.rng.choice(LATIN_TYPES)}", f"{t}\n{country}", ""),
            (f"Rua {last}, {n}", f"{d(4)}-{d(3)} {t}", "Portugal"), (f"Rua {first} {last}, {n}", f"{t} - SP, {d(5)}-{d(3)}", "Brasil"),
        )  # fmt: skip

    def address(self, language: str) -> str:
        """An address in one line."""
        if self.rng.random() < 0.4:
            return self.lines(language).replace("\n", ", ")
        street, place, country = self.rng.choice(self._formats())
        return self.rng.choice((f"{street}, {place}",) * 4 + (f"{street}, {place}, {self._town()}", f"{street} {place} {country or self._town()}",
                                f"{street} {place}", f"{street}, {place}, {country or place}", street, street,
                                f"{street}, {place.split(',')[0]}", f"{street} in {place}", f"{street} - {place}"))  # fmt: skip

    def lines(self, language: str) -> str:
        """An address over several lines."""
        if self.rng.random() < 0.5:
            own = (
                [name for name in sorted(self._fakers) if name.startswith(language)]
                if language not in {"", "xx"}
                else []
            )
            fake = self._fakers[self.rng.choice(own if own and self.rng.random() < 0.5 else ADDRESSES)]
            fake.seed_instance(self.rng.getrandbits(32))
            return str(fake.address())
        street, place, country = self.rng.choice(self._formats())
        return f"{street}\n{place}" + (f"\n{country}" if country and self.rng.random() < 0.6 else "")

    def organisation(self) -> str:
        """A company."""
        name = self.rng.choice(
            (self._invented(), self.rng.choice(family(self._locale("en"))), "Acme", "North", "Global", "First", "Blue")
        )
        return f"{name} {self.rng.choice(COMPANY_ENDS)}"

    def email(self) -> str:
        """An address for mail."""
        return f"{self.rng.choice(('info', 'office', 'support', 'sales', self._invented().lower()))}@{self._invented().lower()}.com"

    def phone(self) -> str:
        """A telephone number, more or less."""
        return self.rng.choice((f"+{self._digits(2)} {self._digits(3)} {self._digits(6)}", f"({self._digits(3)}) {self._digits(3)}-{self._digits(4)}",
                                f"0{self._digits(3)} {self._digits(7)}", self._digits(10)))  # fmt: skip

    def date(self) -> str:
        """A date."""
        day, month, year = self.rng.randint(1, 28), self.rng.randint(1, 12), self.rng.randint(1940, 2030)
        names = (
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        )
        return self.rng.choice((f"{day}.{month}.{year}", f"{year}-{month:02}-{day:02}", f"{names[month - 1]} {day}, {year}",
                                f"{day} {names[month - 1]} {year}", f"{day}/{month}/{year}", f"{names[month - 1]} {day}"))  # fmt: skip

    def number(self) -> str:
        """A number."""
        return str(self.rng.choice((self.rng.randint(0, 9), self.rng.randint(10, 99), self.rng.randint(100, 99_999))))

    def money(self) -> str:
        """An amount."""
        return self.rng.choice(
            (
                f"${self.number()}",
                f"{self.number()}.{self._digits(2)} EUR",
                f"€{self.number()}",
                f"{self.number()},00 zł",
            )
        )
