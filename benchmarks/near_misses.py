"""Questions in other words, and near-misses that embeddings are blind to, made by rules.

Twenty themes. Each has wordings that ask the same, with slots for what may differ: a pair of
wordings with the same fillings is a paraphrase; with one filling changed it is a near-miss, as it
is with two fillings swapped, with the question denied, in another language or in another form.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations
from typing import Final, NamedTuple

FORMS: Final = ("Answer as JSON.", "Give the answer as a table.", "Answer in one sentence.")


class Pair(NamedTuple):
    """`kind`: what differs; "same" where nothing does."""

    theme: str
    kind: str
    asked: str
    kept: str


@dataclass(frozen=True)
class Theme:
    """`slots`: for each kind of difference its fillings, the first being the usual one; the kind
    comes before a dot in the slot's name. `swapped`: two slots that change places. `denied` asks
    the contrary, `foreign` the same in other languages.
    """

    name: str
    wordings: tuple[str, ...]
    slots: dict[str, tuple[str, ...]]
    denied: tuple[str, ...]
    foreign: tuple[str, ...]
    swapped: tuple[str, ...] = field(default=())

    def usual(self) -> dict[str, str]:
        return {name: values[0] for name, values in self.slots.items()}

    def filled(self, **changed: str) -> list[str]:
        values = self.usual() | changed
        return [wording.format(**values) for wording in self.wordings]

    def same(self) -> Iterator[Pair]:
        """Every two wordings, with the usual fillings and with each other one."""
        fillings = [self.usual()]
        for name, values in self.slots.items():
            fillings += [self.usual() | {name: value} for value in values[1:]]
        for filling in fillings:
            texts = self.filled(**filling)
            yield from (Pair(self.name, "same", *two) for two in combinations(texts, 2))

    def missed(self) -> Iterator[Pair]:
        usual = self.filled()
        for name, values in self.slots.items():
            for value in values[1:]:
                yield from self._against(name.split("_")[0], self.filled(**{name: value}))
        if self.swapped:
            one, other = self.swapped
            values_ = self.usual()
            swapped = {one: values_[other], other: values_[one]}
            yield from self._against("roles", self.filled(**swapped))
        for text in self.denied:
            yield from (Pair(self.name, "negation", said, text) for said in usual)
        for text in self.foreign:
            yield from (Pair(self.name, "language", said, text) for said in usual)
        for form in FORMS:
            yield from (Pair(self.name, "format", said, f"{said} {form}") for said in usual)

    def _against(self, kind: str, others: list[str]) -> Iterator[Pair]:
        usual = self.filled()
        yield from (Pair(self.name, kind, said, other) for said in usual for other in others)


THEMES: Final = (
    Theme(
        "holiday",
        (
            "How many vacation days do I get after {number} years at {entity}?",
            "After {number} years at {entity}, how many days of vacation do I have?",
            "What is my number of vacation days at {entity} once I have been there {number} years?",
        ),
        {"number": ("two", "five", "10"), "entity": ("Siemens", "Bosch")},
        ("How many vacation days do I not get after two years at Siemens?",),
        ("Wie viele Urlaubstage habe ich nach zwei Jahren bei Siemens?",
         "Combien de jours de vacances ai-je après deux ans chez Siemens ?"),
    ),
    Theme(
        "login",
        (
            "How do I {opposite} two-factor login in {entity}?",
            "How can I {opposite} two-factor login for {entity}?",
            "What are the steps to {opposite} two-factor login in {entity}?",
            "Tell me how to {opposite} two-factor login with {entity}.",
        ),
        {"opposite": ("enable", "disable"), "entity": ("GitHub", "Gmail", "Dropbox")},
        ("How do I use GitHub without two-factor login?",),
        ("Wie kann ich die Zwei-Faktor-Anmeldung in GitHub aktivieren?",),
    ),
    Theme(
        "currency",
        (
            "How do I convert {number} {unit_a} to {unit_b}?",
            "How can I convert {number} {unit_a} into {unit_b}?",
            "What is the way to convert {number} {unit_a} to {unit_b}?",
        ),
        {
            "number": ("250", "520", "25"),
            "unit_a": ("dollars", "yen"),
            "unit_b": ("euros", "pounds"),
        },
        ("Why can't I convert 250 dollars to euros?",),
        ("Wie rechne ich 250 Dollar in Euro um?", "¿Cómo puedo convertir 250 dólares en euros?"),
        ("unit_a", "unit_b"),
    ),
    Theme(
        "oven",
        (
            "How long should I bake {entity} at {number} degrees {unit}?",
            "For how long do I have to bake {entity} at {number} degrees {unit}?",
            "What is the baking time for {entity} at {number} degrees {unit}?",
        ),
        {
            "entity": ("salmon", "lasagna", "chicken"),
            "number": ("180", "220"),
            "unit": ("Celsius", "Fahrenheit"),
        },
        ("At 180 degrees Celsius, how long should I never bake salmon?",),
        ("Wie lange muss ich den Lachs bei 180 Grad Celsius backen?",),
    ),
    Theme(
        "speed",
        (
            "Is {entity_a} faster than {entity_b} for sorting?",
            "For sorting, is {entity_a} faster than {entity_b}?",
            "When sorting, does {entity_a} run faster than {entity_b}?",
        ),
        {"entity_a": ("Python", "Perl"), "entity_b": ("Ruby", "PHP")},
        ("Is Python not faster than Ruby for sorting?", "Is Python slower than Ruby for sorting?"),
        ("Ist Python beim Sortieren schneller als Ruby und wie viel?",),
        ("entity_a", "entity_b"),
    ),
    Theme(
        "train",
        (
            "When does the {opposite} train from {entity_a} to {entity_b} leave on {date}?",
            "At what time does the {opposite} train from {entity_a} to {entity_b} leave on {date}?",
            "What time is the {opposite} train from {entity_a} to {entity_b} on {date}?",
        ),
        {
            "opposite": ("first", "last"),
            "entity_a": ("Berlin", "Munich"),
            "entity_b": ("Hamburg", "Cologne"),
            "date": ("Monday", "Friday", "3 May"),
        },
        ("When does the first train from Berlin to Hamburg not leave on Monday?",),
        ("Wann fährt der erste Zug von Berlin nach Hamburg am Montag und wo?",),
        ("entity_a", "entity_b"),
    ),
    Theme(
        "medicine",
        (
            "How many {unit} of {entity} can an adult take per day?",
            "How many {unit} of {entity} per day may an adult take?",
            "What is the maximum of {entity} in {unit} that an adult can take per day?",
        ),
        {"unit": ("milligrams", "grams"), "entity": ("ibuprofen", "aspirin", "paracetamol")},
        ("How many milligrams of ibuprofen can an adult not take per day?",
         "Who should not take ibuprofen at all?"),
        ("Wie viel Milligramm Ibuprofen kann ein Erwachsener am Tag nehmen?",),
    ),
    Theme(
        "files",
        (
            "How do I {opposite} a CSV file {way} {entity}?",
            "How can I {opposite} a CSV file {way} {entity}?",
            "What is the best way to {opposite} a CSV file {way} {entity}?",
            "I want to {opposite} a CSV file {way} {entity}, how does that work?",
        ),
        {
            "opposite": ("import", "export"),
            "way": ("with",),
            "entity": ("PostgreSQL", "MySQL", "SQLite"),
        },
        ("Why can I not import a CSV file with PostgreSQL?",),
        ("Wie importiere ich eine CSV-Datei mit PostgreSQL?",),
    ),
    Theme(
        "loan",
        (
            "What is the monthly rate for a loan of {number} {unit} over {number_b} years?",
            "For a loan of {number} {unit} over {number_b} years, what is the monthly rate?",
            "How high is the monthly rate of a {number} {unit} loan over {number_b} years?",
        ),
        {
            "number": ("20,000", "200,000"),
            "unit": ("euros", "dollars"),
            "number_b": ("15", "5", "twenty"),
        },
        ("What is the monthly rate without a loan of 20,000 euros over 15 years?",),
        ("Wie hoch ist die monatliche Rate für einen Kredit von 20.000 Euro über 15 Jahre?",),
    ),
    Theme(
        "population",
        (
            "What was the population of {entity} in {number}?",
            "How many people lived in {entity} in {number}?",
            "In {number}, what was the population of {entity}?",
            "How large was the population of {entity} in {number}?",
        ),
        {"entity": ("France", "Spain", "Italy"), "number": ("1990", "1890", "2010")},
        ("How many people did not live in France in 1990?",),
        ("Wie viele Menschen lebten im Jahr 1990 in Frankreich?",
         "Quelle était la population de la France en 1990 ?"),
    ),
    Theme(
        "meeting",
        (
            "Write a message to {entity_a} that {entity_b} moved the meeting {opposite} lunch.",
            "Please write {entity_a} a message that {entity_b} moved the meeting {opposite} lunch.",
            "Can you write a message to {entity_a} that the meeting was moved {opposite} lunch by "
            "{entity_b}?",
        ),
        {
            "entity_a": ("Anna", "Laura"),
            "entity_b": ("Peter", "Thomas"),
            "opposite": ("before", "after"),
        },
        ("Write a message to Anna that Peter did not move the meeting before lunch.",),
        ("Schreibe Anna, dass Peter die Besprechung auf vor dem Mittagessen verschoben hat.",),
        ("entity_a", "entity_b"),
    ),
    Theme(
        "service",
        (
            "How do I {opposite} the {entity} service on Ubuntu {number}?",
            "How can I {opposite} the {entity} service on Ubuntu {number}?",
            "On Ubuntu {number}, how do I {opposite} the {entity} service?",
            "Which command will {opposite} the {entity} service on Ubuntu {number}?",
        ),
        {
            "opposite": ("start", "stop"),
            "entity": ("nginx", "Apache"),
            "number": ("22.04", "20.04"),
        },
        ("Why does the nginx service not start on Ubuntu 22.04?",),
        ("Wie kann ich den nginx-Dienst auf Ubuntu 22.04 starten?",),
    ),
    Theme(
        "flag",
        (
            "What does the option {code} of {entity} do?",
            "What is the option {code} of {entity} for?",
            "Explain what the option {code} of {entity} does.",
            "What happens with the option {code} of {entity}?",
        ),
        {"code": ("`-r`", "`-R`", "`--dry-run`"), "entity": ("rsync", "grep")},
        ("What does the option `-r` of rsync not do?",),
        ("Was macht die Option `-r` von rsync und wie geht das?",),
    ),
    Theme(
        "contract",
        (
            "May the {entity_a} cancel the contract with the {entity_b} {opposite} {number} "
            "months?",
            "Is the {entity_a} allowed to cancel the contract with the {entity_b} {opposite} "
            "{number} months?",
            "Can the {entity_a} cancel the contract with the {entity_b} {opposite} {number} "
            "months?",
        ),
        {
            "entity_a": ("tenant", "broker"),
            "entity_b": ("landlord", "agency"),
            "opposite": ("after", "before"),
            "number": ("six", "three"),
        },
        ("May the tenant not cancel the contract with the landlord after six months?",),
        ("Darf der Mieter den Vertrag mit dem Vermieter nach sechs Monaten kündigen?",),
        ("entity_a", "entity_b"),
    ),
    Theme(
        "planet",
        (
            "How far is {entity} from the Sun in {unit}?",
            "What is the distance from {entity} to the Sun in {unit}?",
            "How many {unit} is {entity} away from the Sun?",
            "In {unit}, how far is {entity} from the Sun?",
        ),
        {"entity": ("Mars", "Venus", "Jupiter"), "unit": ("kilometers", "miles")},
        ("Why is Mars not far from the Sun in kilometers?",),
        ("Wie weit ist der Mars in Kilometern von der Sonne entfernt?",),
    ),
    Theme(
        "plant",
        (
            "How often should I water {entity} in {date}?",
            "How often do I need to water {entity} in {date}?",
            "In {date}, how often should {entity} be watered?",
        ),
        {
            "entity": ("a cactus", "an orchid", "a fern"),
            "date": ("winter", "summer", "spring"),
        },
        ("How often should I not water a cactus in winter?",),
        ("Wie oft soll ich einen Kaktus im Winter gießen?",
         "¿Con qué frecuencia debo regar un cactus en el invierno?"),
    ),
    Theme(
        "vitamin",
        (
            "What are the {opposite} of {entity} for {entity_b}?",
            "Which {opposite} does {entity} have for {entity_b}?",
            "Tell me the {opposite} of {entity} for {entity_b}.",
        ),
        {
            "opposite": ("advantages", "disadvantages"),
            "entity": ("vitamin C", "vitamin D"),
            "entity_b": ("women", "men"),
        },
        ("What are not the advantages of vitamin C for women?",),
        ("Welche Vorteile hat Vitamin C für Frauen und warum?",),
    ),
    Theme(
        "sales",
        (
            "By how much did revenue {opposite} in the {number} quarter of {number_b}?",
            "In the {number} quarter of {number_b}, by how much did revenue {opposite}?",
            "How much did revenue {opposite} in the {number} quarter of {number_b}?",
        ),
        {
            "opposite": ("increase", "decrease"),
            "number": ("first", "third"),
            "number_b": ("2021", "2022"),
        },
        ("Why did revenue not increase in the first quarter of 2021?",),
        ("Um wie viel ist der Umsatz im ersten Quartal 2021 gestiegen?",),
    ),
    Theme(
        "translation",
        (
            "Translate \"{quote}\" from {entity_a} to {entity_b}.",
            "Please translate \"{quote}\" from {entity_a} to {entity_b}.",
            "Can you translate \"{quote}\" from {entity_a} into {entity_b}?",
        ),
        {
            "quote": ("good morning", "good evening", "good night"),
            "entity_a": ("English", "Dutch"),
            "entity_b": ("French", "Italian"),
        },
        ("Do not translate \"good morning\" from English to French.",),
        ("Übersetze bitte „good morning“ aus dem Englischen und in das Französische.",),
        ("entity_a", "entity_b"),
    ),
    Theme(
        "parking",
        (
            "Where can I park {entity} for {number} {unit} near the airport?",
            "Where is it possible to park {entity} near the airport for {number} {unit}?",
            "Near the airport, where can I park {entity} for {number} {unit}?",
        ),
        {
            "entity": ("a truck", "a motorcycle"),
            "number": ("three", "eight"),
            "unit": ("hours", "days", "weeks"),
        },
        ("Where can't I park a truck for three hours near the airport?",),
        ("Wo kann ich einen Lastwagen für drei Stunden in der Nähe vom Flughafen parken?",),
    ),
)  # fmt: skip


def near_misses() -> list[Pair]:
    return [pair for theme in THEMES for pair in theme.missed()]


def paraphrases() -> list[Pair]:
    return [pair for theme in THEMES for pair in theme.same()]
