"""Who lives in the demo community. Subjects are stable; the LMS knows each under ``lms_id``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody to sign in as. ``part`` says what for: a key under ``demo.part`` of the messages."""

    subject: str
    name_en: str
    name_ru: str
    part: str
    lms_id: str

    def name(self, language: str) -> str:
        """The name in a language."""
        return self.name_ru if language == "ru" else self.name_en


_NAMES: Final = (
    ("student", "Maria Sokolova", "Мария Соколова", "student"),
    ("voter", "Timur Akhmetov", "Тимур Ахметов", "voter"),
    ("admin", "Anna Volkova", "Анна Волкова", "admin"),
    ("second-admin", "Boris Levin", "Борис Левин", "admin"),
    ("auditor", "Olga Petrenko", "Ольга Петренко", "auditor"),
    ("teacher", "Dmitry Orlov", "Дмитрий Орлов", "teacher"),
    ("p07", "Elena Kuznetsova", "Елена Кузнецова", "member"),
    ("p08", "Ilya Morozov", "Илья Морозов", "member"),
    ("p09", "Vera Pavlova", "Вера Павлова", "member"),
    ("p10", "Sergei Lebedev", "Сергей Лебедев", "member"),
    ("p11", "Nina Kozlova", "Нина Козлова", "member"),
    ("p12", "Pavel Novikov", "Павел Новиков", "member"),
    ("p13", "Zoya Egorova", "Зоя Егорова", "member"),
    ("p14", "Kirill Stepanov", "Кирилл Степанов", "member"),
    ("p15", "Lidia Nikitina", "Лидия Никитина", "member"),
    ("p16", "Roman Zakharov", "Роман Захаров", "member"),
    ("p17", "Alisa Borisova", "Алиса Борисова", "member"),
    ("p18", "Fyodor Romanov", "Фёдор Романов", "member"),
    ("p19", "Yulia Antonova", "Юлия Антонова", "member"),
    ("p20", "Matvey Gusev", "Матвей Гусев", "member"),
    ("p21", "Ksenia Titova", "Ксения Титова", "member"),
    ("p22", "Artem Belov", "Артём Белов", "member"),
    ("p23", "Daria Fomina", "Дарья Фомина", "member"),
    ("p24", "Grigory Davydov", "Григорий Давыдов", "member"),
    ("p25", "Polina Zhukova", "Полина Жукова", "member"),
    ("p26", "Nikita Komarov", "Никита Комаров", "member"),
    ("p27", "Sofia Orlova", "София Орлова", "member"),
    ("p28", "Leonid Baranov", "Леонид Баранов", "member"),
    ("p29", "Marina Kiseleva", "Марина Киселёва", "member"),
    ("p30", "Oleg Vinogradov", "Олег Виноградов", "member"),
)

PERSONS: Final = tuple(
    DemoPerson(subject, name_en, name_ru, part, str(1001 + place))
    for place, (subject, name_en, name_ru, part) in enumerate(_NAMES)
)
PERSON_BY_SUBJECT: Final = {person.subject: person for person in PERSONS}
