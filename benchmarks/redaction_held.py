# ruff: noqa: RUF001 - other scripts are the data of this module
"""A set of texts that the rules and the model were not made on: own sentences, Faker's people and numbers, from a seed.

It was written after the rules, in the manner of many authors, and what it shows to leak was not mended for it. Whoever
mends something because of it must write a new one.
"""

import base64
import random
import re
import string
from collections.abc import Callable
from functools import cache

from faker import Faker

from benchmarks.redaction_texts import Planted, _alnum, _card, _digits, _draw, _iban, _jwt, _private_key

LATIN = ("en_US", "en_GB", "en_IE", "en_IN", "de_DE", "de_AT", "fr_FR", "it_IT", "es_ES", "es_MX", "pt_BR", "pt_PT",
         "nl_NL", "sv_SE", "no_NO", "da_DK", "fi_FI", "pl_PL", "cs_CZ", "hu_HU", "ro_RO", "tr_TR")  # fmt: skip
OTHER = ("ru_RU", "uk_UA", "bg_BG", "el_GR", "he_IL", "ar_EG", "ja_JP", "ko_KR", "zh_CN", "hi_IN")
NUMBERS = {
    "en_US": "SSN", "en_GB": "National Insurance number", "de_AT": "Sozialversicherungsnummer",
    "it_IT": "codice fiscale", "fr_FR": "numéro de sécu", "es_ES": "DNI", "es_MX": "CURP", "pt_BR": "CPF",
    "nl_NL": "BSN", "sv_SE": "personnummer", "nl_BE": "rijksregister nr", "no_NO": "fødselsnummer",
    "dk_DK": "CPR-nummer", "fi_FI": "henkilötunnus", "pl_PL": "PESEL", "cs_CZ": "rodné číslo",
    "sk_SK": "rodné číslo", "ro_RO": "CNP", "hr_HR": "OIB", "tr_TR": "TC kimlik no", "et_EE": "isikukood",
    "lt_LT": "asmens kodas", "bg_BG": "ЕГН", "el_GR": "ΑΜΚΑ", "en_CA": "SIN", "he_IL": "תעודת זהות", "zh_CN": "身份证",
    "ko_KR": "주민등록번호",
}  # fmt: skip
"""Faker's locale of a national number, and what it is called there."""

TEXTS = r"""
gm! «PERSON» here, new phone, save it: «PHONE»
lol «PERSON» just quit, dont tell anyone
could somebody ping «PERSON» about the broken build?
Quick heads-up — «PERSON» (the new auditor) starts Monday.
Minutes, 4 March. Apologies: «PERSON», «PERSON».
Hi team,\n\n«PERSON» will be out until the 14th; please send invoices to «EMAIL» meanwhile.\n\nBest\n«PERSON»
The tenant, «PERSON», has not paid since January.
Re: your complaint, Mrs «PERSON»
Liebe Frau «PERSON», Ihr Antrag ist eingegangen.
Merci de rappeler M. «PERSON» au «PHONE»
Estimada «PERSON», le escribo por la factura.
Gentile «PERSON», in allegato il contratto.
Beste «PERSON», bedankt voor je bericht
Hej «PERSON»! Kan du ringa mig?
Szanowny Panie «PERSON», potwierdzam termin.
«PERSON» scheduled for knee surgery, ward 7B.
Therapy notes for «PERSON»: reports poor sleep.
Payroll exception: «PERSON» overpaid by 312.40 in June
Escalated by «PERSON» to tier 2
@«PERSON» can you look at this?
Beneficiary «PERSON», account «IBAN»
Привет, это «PERSON_X», перезвони мне
Звонила «PERSON_X» по поводу договора
Κύριε «PERSON_X», καλημέρα σας
היי, כאן «PERSON_X» מהמשרד
مرحبا، أنا «PERSON_X» من قسم المبيعات
担当は«PERSON_X»です
담당자는 «PERSON_X»입니다
联系人：«PERSON_X»
drop the keys at «ADDRESS» please
Registered office: «ADDRESS»
the burglary happened at «ADDRESS» last night
my parents' place is «ADDRESS»
Deliver before noon to\n«ADDRESS»
Zustellung an «ADDRESS»
j'habite au «ADDRESS»
vivo en «ADDRESS»
"street": "«ADDRESS»",
you can get me at «PHONE» most evenings
ring «PHONE» and ask for the night desk
my cell's «PHONE»
Rückruf bitte unter «PHONE»
tlf «PHONE»
number=«PHONE»&lang=en
+1 vote. also my number changed to «PHONE»
cc «EMAIL» on the thread
unsubscribe «EMAIL» immediately
grep «EMAIL» access.log | wc -l
"reply_to" : "«EMAIL»"
auth: user=«EMAIL» result=deny src=«IP»
banned «IP» for 3600 s
Accepted password for pi from «IP» port 50022 ssh2
nginx: «IP» - - "GET /healthz" 200
scp dump.sql backup@«IP»:/srv
the new patient was born on «DOB»
D.O.B. «DOB», allergic to penicillin
birthdate=«DOB»
geboren: «DOB»
Date de naissance : «DOB»
«NATID»
on the form I put «NATID», hope that's right
KYC check failed for «NATID»
Employee file / «NATID» / grade 6
paying with «CARD», expires next year
PAN=«CARD»
he read me his credit card over the phone: «CARD»
ccnum: "«CARD»"
refund the «CARD» card please
send it to «IBAN», reference rent
SEPA mandate «IBAN» signed
iban = «IBAN»;
text says «OTP» is the login code, quick
your one-time passcode: «OTP»
sms code «OTP»
Bestätigungscode «OTP» eingeben
ok the door pin is «OTP»
security code: «OTP»
the laptop's password is «PASSWORD», don't forget
hey, pw for the nas = «PASSWORD»
new starter creds - user jsmith, password «PASSWORD»
sudo pass: «PASSWORD»
I set the admin password to «PASSWORD» for now
login with guest/«PASSWORD»
router login: admin «PASSWORD»
Das Passwort für den Server lautet «PASSWORD».
le mot de passe du wifi c'est «PASSWORD»
la clave es «PASSWORD»
Hasło do routera: «PASSWORD»
пароль от почты «PASSWORD»
MARIADB_ROOT_PASSWORD=«PASSWORD»
export FTP_PASS='«PASSWORD»'
  password: "«PASSWORD»"   # rotate!
ldap.bind.password = «PASSWORD»
"db": {"user": "svc", "pass": "«PASSWORD»"}
mongodb://svc:«PASSWORD»@10.0.0.4:27017/prod
sftp://deploy:«PASSWORD»@files.example.com/in
amqps://worker:«PASSWORD»@rabbit.example.com/vh
curl --user svc:«PASSWORD» https://intranet.example.com/api
mysql --user=svc --password=«PASSWORD» prod
sqlcmd -S db -U sa -P «PASSWORD»
sshpass -p «PASSWORD» scp a b:c
psql postgresql://svc:«PASSWORD»@db/prod -c 'select 1'
ansible-playbook site.yml -e "ansible_become_pass=«PASSWORD»"
redis-cli -a «PASSWORD» ping
jdbc:oracle:thin:svc/«PASSWORD»@db:1521/x
Server=tcp:db;Initial Catalog=x;User ID=svc;Password=«PASSWORD»;
<entry key="smtp.password">«PASSWORD»</entry>
<add key="AdminPassword" value="«PASSWORD»" />
admin_password  = "«PASSWORD»"
ALTER USER svc IDENTIFIED BY "«PASSWORD»";
login("svc", "«PASSWORD»")
private string _password = "«PASSWORD»";
password => '«PASSWORD»',
$env:DB_PASSWORD = "«PASSWORD»"
set SMTP_PASSWORD=«PASSWORD»
ENV ADMIN_PASSWORD «PASSWORD»
--set-string adminPassword=«PASSWORD»
ERROR auth failed for svc with password '«PASSWORD»'
client_secret=«SECRET»
api-key: «SECRET»
apiKey = '«SECRET»';
X-API-Key: «SECRET»
Authorization: Token «SECRET»
HMAC_SECRET="«SECRET»"
webhook_secret: «SECRET»
"aws_secret_access_key": "«SECRET»"
-H "X-Vault-Token: «SECRET»"
https://maps.example.com/v1?key=«SECRET»&q=berlin
https://x.example.com/hook?sig=«SECRET»
the api key for staging is «SECRET»
put the signing secret («SECRET») in 1password
encryption key: «SECRET»
cookie: session=«SECRET»; path=/
const TOKEN = "«SECRET»";
access_key «SECRET»
DJANGO_SECRET_KEY = '«SECRET»'
_authToken=«SECRET»
«TOKEN»
here, use mine: «TOKEN»
TOKEN: «TOKEN»
git remote set-url origin https://x-access-token:«TOKEN»@github.com/o/r
{"auth":"«TOKEN»"}
echo «TOKEN» > ~/.token
Authorization: Bearer «JWT»
set-cookie: jwt=«JWT»; HttpOnly
decoded this one «JWT» on the site
«PEM»
tls.key: |\n«PEM»
"""

HOLE = re.compile("«([A-Z_]+)»")


@cache
def _faker(locale: str) -> Faker:
    return Faker(locale)


def _of(rng: random.Random, locales: tuple[str, ...]) -> Faker:
    made = _faker(rng.choice(locales))
    made.seed_instance(rng.getrandbits(32))
    return made


def _person(rng: random.Random, locales: tuple[str, ...] = LATIN) -> str:
    made = _of(rng, locales)
    return f"{made.first_name()} {made.last_name()}"


def _national(rng: random.Random) -> str:
    locale = rng.choice(tuple(NUMBERS))
    made = _of(rng, (locale,))
    kind = {"es_MX": "curp", "pt_BR": "cpf", "es_ES": "nif"}.get(locale, "ssn")
    return NUMBERS[locale] + rng.choice((" ", ": ", " is ")) + "\0" + str(getattr(made, kind)())


def _born(rng: random.Random) -> str:
    day = _of(rng, ("en_GB",)).date_of_birth(minimum_age=18, maximum_age=90)
    return str(
        day.strftime(rng.choice(("%d/%m/%Y", "%Y-%m-%d", "%d.%m.%Y", "%d %B %Y", "%B %d, %Y", "%d-%b-%Y", "%Y%m%d")))
    )


def _password(rng: random.Random) -> str:
    made = _of(rng, ("en_US",))
    word = made.word().title()
    return rng.choice((
        made.password(length=rng.randint(10, 16)),
        made.password(length=12, special_chars=False),
        f"{word}{rng.randint(10, 9999)}{rng.choice('!?#$*')}",
        f"{made.word()}-{made.word()}-{rng.randint(10, 99)}",
    ))  # fmt: skip


def _secret(rng: random.Random) -> str:
    return rng.choice((
        _draw(rng, "0123456789abcdef", rng.choice((32, 40, 64))),
        _alnum(rng, rng.choice((24, 32, 43, 50))),
        base64.b64encode(rng.randbytes(rng.choice((24, 32)))).decode(),
    ))  # fmt: skip


def _token(rng: random.Random) -> str:
    hexed, upper = "0123456789abcdef", string.ascii_uppercase + string.digits
    return rng.choice((
        "gh" + rng.choice("ps") + "_" + _alnum(rng, 36), "glpat-" + _alnum(rng, 20), "sk_" + "live_" + _alnum(rng, 24),
        "xox" + "p-" + _digits(rng, 11) + "-" + _alnum(rng, 24), "AKIA" + _draw(rng, upper, 16),
        "AIza" + _alnum(rng, 35), "SG." + _alnum(rng, 22) + "." + _alnum(rng, 43), "npm_" + _alnum(rng, 36),
        "dop_v1_" + _draw(rng, hexed, 64), "shpat_" + _draw(rng, hexed, 32), "hvs." + _alnum(rng, 95),
        "sk-proj-" + _alnum(rng, 48), "sk-ant-" + "api03-" + _alnum(rng, 95), "hf_" + _alnum(rng, 34),
        "dapi" + _draw(rng, hexed, 32), "NRAK-" + _draw(rng, upper, 27), "lin_api_" + _alnum(rng, 40),
        "PMAK-" + _draw(rng, hexed, 24) + "-" + _draw(rng, hexed, 34), "key-" + _draw(rng, hexed, 32),
        "rubygems_" + _draw(rng, hexed, 48), _digits(rng, 10) + ":AA" + _alnum(rng, 33),
    ))  # fmt: skip


def _address(rng: random.Random) -> str:
    return str(_of(rng, LATIN).address()).replace("\n", rng.choice((", ", "\n")))


def _ip(rng: random.Random) -> str:
    made = _of(rng, ("en_US",))
    return str(rng.choice((made.ipv4_public(), made.ipv6())))


VALUES: dict[str, Callable[[random.Random], str]] = {
    "PERSON": _person,
    "PERSON_X": lambda rng: _person(rng, OTHER),
    "ADDRESS": _address,
    "PHONE": lambda rng: _of(rng, LATIN).phone_number(),
    "EMAIL": lambda rng: _of(rng, LATIN).ascii_email(),
    "IP": _ip,
    "DOB": _born,
    "NATID": _national,
    "CARD": _card,
    "IBAN": _iban,
    "OTP": lambda rng: _digits(rng, rng.choice((4, 6, 6))),
    "PASSWORD": _password,
    "SECRET": _secret,
    "TOKEN": _token,
    "JWT": _jwt,
    "PEM": _private_key,
}


def held(seed: int, each: int) -> list[Planted]:
    """Every text ``each`` times with other values; the same seed gives the same texts."""
    rng = random.Random(seed)  # noqa: S311 - test data
    texts = [line.replace("\\n", "\n") for line in TEXTS.splitlines() if line]
    return [_filled(rng, text) for text in texts for _ in range(each)]


def _filled(rng: random.Random, template: str) -> Planted:
    text, spans, at = "", [], 0
    for hole in HOLE.finditer(template):
        label, _, value = VALUES[hole.group(1)](rng).rpartition("\0")
        text += template[at : hole.start()] + label
        spans.append((len(text), len(text) + len(value), hole.group(1)))
        text, at = text + value, hole.end()
    return Planted(text + template[at:], tuple(spans))
