"""Every text of the indicator in German, key by key as in English, and why the gate is closed, reason by reason."""

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct

from schemas.status import ClosedReason as R

GERMAN_TEXTS = {
    "name": "Overt",
    "offline": "Nichts wird aufgezeichnet. Overt läuft nicht.",
    "recording": "Zeichnet {what} in {app} auf",
    "capturing": "Zeichnet auf.",
    "nothing": "Nichts wird aufgezeichnet. {why}",
    "keyboard": "Tasten",
    "pointer": "Zeiger",
    "screen": "Bildschirm",
    "and": " und ",
    "paused_until": "Pause bis {time}. Nichts wird aufgezeichnet.",
    "tomorrow": "morgen, {time}",
    "date": "d. MMMM yyyy",
    "moment": "d. MMM yyyy, HH:mm",
    "hidden.no_host": "Dieser Desktop hat keine Leiste, die Symbole zeigt.",
    "hidden.not_taken_in": "Die Leiste hat das Symbol von Overt nicht aufgenommen.",
    "hidden.no_answer": "Die Leiste antwortet nicht.",
    "ends": "Ihre Einwilligung endet am {date}. Er&neuern…",
    "put_off": "Sie haben später gesagt: Nichts fragt vor dem {date}",
    "turn_on": "&Einschalten…",
    "turn_off": "&Ausschalten",
    "pause_15": "&15 Minuten Pause",
    "pause_60": "1 &Stunde Pause",
    "pause_tomorrow": "Pause bis &morgen, {time}",
    "resume": "&Fortsetzen",
    "captured": "Was aufgezeichnet &wurde…",
    "delete_last": "Die letzten {minutes} Minuten &löschen",
    "why": "Wa&rum?",
    "readers": "Wer das lesen &kann…",
    "managed": "Verwaltet von {organisation}",
    "tell_stopped": "Mel&den, wenn die Aufzeichnung aufhört",
    "tell_week": "Jede Woc&he melden, was aufgezeichnet wurde",
    "quit": "Dieses Symbol &beenden (die Aufzeichnung hört auf)",
    "close": "&Schließen",
    "why.title": "Warum, oder warum nicht",
    "why.list": "Wovon die Aufzeichnung abhängt",
    "why.study": "Studie „{study}“ von {organisation}",
    "why.no_study": "Dieser Rechner nimmt an keiner Studie teil.",
    "why.ends": "Ihre Einwilligung endet von selbst am {date}.",
    "why.holds": "erfüllt",
    "why.fails": "nicht erfüllt",
    "why.remedy": "Was es ändert: {remedy}",
    "captured.title": "Was aufgezeichnet wurde",
    "captured.head": "{count} versiegelte Pakete, zusammen {size}",
    "captured.none": "Auf diesem Rechner wurde nichts aufgezeichnet.",
    "captured.help": "Jede Zeile ist ein versiegeltes Paket. In welcher App es aufgezeichnet wurde, steht darin,"
    " verschlüsselt.",
    "captured.list": "Versiegelte Pakete, das neueste zuerst",
    "captured.when": "Wann",
    "captured.sealed": "versiegelt {time}",
    "captured.events": "Ereignisse",
    "captured.size": "Größe",
    "captured.state": "Wo es ist",
    "captured.waiting": "wartet auf Sendung",
    "captured.sent": "beim Sammler",
    "captured.refused": "vom Sammler abgelehnt",
    "captured.emptied": "von Ihnen geleert",
    "captured.erasing": "Löschung erbeten",
    "captured.erased": "gelöscht",
    "captured.unknown": "nicht bekannt",
    "captured.more": "{count} ältere Pakete stehen nicht hier: overt batches zeigt alle.",
    "captured.counts": "Seit Overt läuft: {seen} Tasten, Klicks, Bewegungen und Bilder beobachtet, {kept} behalten,"
    " {dropped} verworfen.",
    "captured.failed": "Das Verzeichnis der Pakete ist nicht lesbar. Was hilft: overt doctor",
    "readers.title": "Wer das lesen kann",
    "readers.head": "Diese Menschen können lesen, was aufgezeichnet wurde",
    "readers.none": "Keine Einwilligung von Ihnen gilt; deshalb wird für niemanden etwas Neues aufgezeichnet.",
    "readers.list": "Wer es lesen kann, und wie lange",
    "readers.researcher": "{name}, forscht in der Studie\nFingerabdruck des Schlüssels: {fingerprint}",
    "readers.you": "Sie, mit einem Schlüssel, der auf diesem Rechner bleibt\nFingerabdruck des Schlüssels:"
    " {fingerprint}",
    "readers.collector": "Sonst niemand. Der Server, der es aufbewahrt, kann es nicht lesen.",
    "readers.controller": "Verantwortlich: {name}, {address}\nKontakt: {contact}",
    "readers.keeping": "Gelöscht nach spätestens {days} Tagen. Aufbewahrt in: {location}. Recht: {jurisdiction}.",
    "readers.until": "Ihre Einwilligung gilt bis zum {date}, wenn Sie sie nicht vorher beenden.",
    "readers.complaints": "Beschwerden: {complaints}",
    "readers.failed": "Das lässt sich jetzt nicht sagen: {error}",
    "badge.idle": "Overt: bereit",
    "badge.capturing": "Overt: zeichnet {app} auf",
    "badge.paused": "Overt: Pause",
    "badge.blocked": "Overt: zeichnet nicht auf",
    "badge.error": "Overt: braucht Sie",
    "started.title": "Die Aufzeichnung hat begonnen",
    "started.text": "{what}. Ein Klick auf das Symbol von Overt führt zum Ausschalten.",
    "stopped.title": "Die Aufzeichnung hat aufgehört",
    "deleted.title": "Gelöscht",
    "deleted.nothing": "In den letzten {minutes} Minuten wurde nichts aufgezeichnet; es gab nichts zu löschen.",
    "deleted.here": "Weg von diesem Rechner: {events} Tasten, Klicks, Bewegungen und Bilder; {batches} versiegelte"
    " Pakete.",
    "deleted.asked": "Der Sammler wird gebeten, {asked} weitere Pakete zu löschen.",
    "deleted.later": "Der Sammler wird gebeten, {asked} weitere Pakete zu löschen, sobald Overt läuft.",
    "deleted.failed": "Nicht alles ist gelöscht",
}


class Reason(Struct, frozen=True):
    """What a reason means to a person, as in :mod:`agent.core.reasons`."""

    closed: str
    fine: str
    remedy: str


_SWITCH_ON = "overt on"
GERMAN_REASONS: Mapping[R, Reason] = MappingProxyType(
    {
        R.NOT_ENROLLED: Reason(
            "Dieser Rechner nimmt an keiner Studie teil.",
            "Dieser Rechner ist zu einer Studie angemeldet.",
            "overt enrol LINK, mit dem Link, den Ihre Organisation Ihnen gegeben hat",
        ),
        R.NO_CONSENT: Reason("Sie haben nicht Ja gesagt.", "Sie wurden gefragt.", _SWITCH_ON),
        R.REFUSED: Reason(
            "Sie haben Nein gesagt.", "Sie haben nicht Nein gesagt.", "overt on, wenn Sie es sich anders überlegt haben"
        ),
        R.WITHDRAWN: Reason(
            "Sie haben Ihre Einwilligung zurückgenommen.",
            "Ihre Einwilligung ist nicht zurückgenommen.",
            "overt on, wenn Sie teilnehmen möchten",
        ),
        R.EXPIRED: Reason(
            "Ihre Einwilligung ist abgelaufen.",
            "Ihre Einwilligung ist nicht abgelaufen.",
            "overt on, um sie zu erneuern",
        ),
        R.CONSENT_CHANGED: Reason(
            "Die Studie hat sich geändert, seit Sie zugestimmt haben.",
            "Sie haben der Studie zugestimmt, wie sie ist.",
            "overt on, um zu sehen, was sich geändert hat",
        ),
        R.SWITCHED_OFF: Reason("Sie haben es ausgeschaltet.", "Der Schalter ist an.", _SWITCH_ON),
        R.PAUSED: Reason("Sie haben eine Pause eingelegt.", "Es ist keine Pause.", "overt resume"),
        R.KEYS_UNAVAILABLE: Reason(
            "Die Schlüssel dieses Geräts sind nicht lesbar.",
            "Die Schlüssel dieses Geräts sind lesbar.",
            "den Schlüsselbund entsperren, dann: overt stop; overt start",
        ),
        R.POLICY_MISSING: Reason(
            "Es gibt keine Regeln der Organisation.",
            "Es gibt Regeln der Organisation.",
            "noch einmal overt enrol LINK, oder die IT fragen",
        ),
        R.POLICY_UNSIGNED: Reason(
            "Die Regeln sind nicht von Ihrer Organisation signiert.",
            "Die Regeln sind von Ihrer Organisation signiert.",
            "die IT um signierte Regeln bitten",
        ),
        R.POLICY_ROLLED_BACK: Reason(
            "Studie oder Regeln sind hier älter als solche, die schon hier waren.",
            "Hier waren noch keine neueren Regeln und keine neuere Studie.",
            "overt refresh",
        ),
        R.POLICY_REFUSED: Reason(
            "Einer Regeldatei auf diesem Rechner ist nicht zu trauen.",
            "Keine Regeldatei auf diesem Rechner wird abgelehnt.",
            "overt policy show sagt, welcher und warum; die IT darum bitten, sie zu berichtigen",
        ),
        R.POLICY_EXPIRED: Reason(
            "Die Regeln der Organisation sind abgelaufen.",
            "Die Regeln der Organisation gelten.",
            "die IT um neuere Regeln bitten",
        ),
        R.BLOCKED_BY_ORGANISATION: Reason(
            "Ihre Organisation hat die Aufzeichnung für alle abgeschaltet.",
            "Ihre Organisation hat die Aufzeichnung nicht abgeschaltet.",
            "nichts nötig; nichts wird aufgezeichnet",
        ),
        R.CLOCK_UNTRUSTED: Reason(
            "Die Uhr steht vor dem Zeitpunkt Ihrer Einwilligung.",
            "Die Uhr passt zu Ihrer Einwilligung.",
            "die Uhr des Rechners stellen",
        ),
        R.WAYLAND: Reason(
            "Diese Wayland-Sitzung erlaubt keine Aufzeichnung mit sichtbarem Zeichen.",
            "In dieser Sitzung kann mit sichtbarem Zeichen aufgezeichnet werden.",
            "overt doctor sagt, was fehlt; einer X11-Sitzung fehlt nichts",
        ),
        R.PERMISSION_MISSING: Reason(
            "Das System erlaubt keine Aufzeichnung.", "Das System erlaubt die Aufzeichnung.", "overt doctor"
        ),
        R.DISPLAY_LOST: Reason(
            "Es gibt keinen Bildschirm zum Beobachten.",
            "Der Bildschirm ist da.",
            "am Desktop anmelden; Overt sieht von selbst wieder nach",
        ),
        R.NO_SIGN: Reason(
            "Das Zeichen, das Ihnen zeigt, dass Overt läuft, Symbol und Marke auf dem Bildschirm, ist nicht zu sehen.",
            "Das Zeichen, Symbol und Marke, ist zu sehen.",
            "die Marke freilegen (ein Klick auf das Symbol holt sie nach vorn), oder: overt indicator, auf einem"
            " Desktop mit Symbolleiste",
        ),
        R.SESSION_INACTIVE: Reason(
            "Der Bildschirm ist gesperrt oder die Sitzung ruht.", "Die Sitzung ist aktiv.", "entsperren"
        ),
        R.SPOOL_FULL: Reason(
            "Versiegelte Pakete warten auf die Sendung: zu viele oder zu lange.",
            "Für versiegelte Pakete ist Platz.",
            "mit dem Netz verbinden, oder freigeben, was Sie zurückhalten: overt review release; nichts Versiegeltes"
            " wird verworfen",
        ),
        R.REDACTION_FAILING: Reason(
            "Das Schwärzen gelingt nicht, deshalb wird nichts behalten.",
            "Das Schwärzen gelingt.",
            "overt doctor, dann der IT Bescheid geben",
        ),
        R.FOCUS_UNKNOWN: Reason(
            "Es ist nicht zu erkennen, welches Fenster vorn ist.",
            "Es ist bekannt, welches Fenster vorn ist.",
            "in ein Fenster klicken",
        ),
        R.APP_NOT_ALLOWED: Reason(
            "Der App, die vorn ist, haben Sie nicht zugestimmt.",
            "Der App, die vorn ist, haben Sie zugestimmt.",
            "overt apps zeigt, welchen Sie zugestimmt haben",
        ),
        R.MODALITY_NOT_AGREED: Reason(
            "Von dem, was in der App vorn aufgezeichnet werden kann, haben Sie nichts erlaubt.",
            "Von dem, was in der App vorn aufgezeichnet werden kann, haben Sie etwas erlaubt.",
            "overt on --change, um mehr zuzustimmen",
        ),
        R.SECURE_INPUT: Reason(
            "Ein Feld für Passwörter oder geschützte Eingaben ist aktiv.",
            "Kein geschütztes Feld ist aktiv.",
            "das Feld verlassen",
        ),
        R.KEYBOARD_GRABBED: Reason(
            "Ein Programm hat die Tastatur ganz für sich, wie es PIN-Fenster, Bildschirmsperren und Menüs tun.",
            "Kein Programm hat die Tastatur ganz für sich.",
            "dieses Programm zu Ende bedienen",
        ),
        R.PRIVATE_WINDOW: Reason(
            "Ein privates Fenster ist vorn.", "Kein privates Fenster ist vorn.", "das Fenster verlassen"
        ),
        R.ORIGIN_UNKNOWN: Reason(
            "Es ist nicht zu erkennen, welche Seite der Browser zeigt.",
            "Kein Browser mit unbekannter Seite ist vorn.",
            "die zugehörige Erweiterung installieren",
        ),
    }
)
