"""What people read, in every language the community speaks.

One folder per language, one file per area: ``en/member.yaml`` and ``ru/member.yaml`` hold the same
keys. A key is the path of names in the file, joined by dots, under the file's name:
``member.balance.title``. A value is a sentence with operands in braces, ``{name}``, which are
written by their type (``Points``, ``Money``, ``datetime``, a whole number, text). A value that is a
mapping of plural categories (``one``, ``few``, ``many``, ``other``) is chosen by operand ``count``.

Errors are in ``errors.yaml`` by code: ``errors.<code>.title`` and ``errors.<code>.detail``.

    catalogue = load_catalogue()
    catalogue.text("ru", "member.lots.count", count=21)

In a template: ``{{ t("member.lots.count", count=21) }}``. A key that is missing in a language fails
the tests; in production it is logged and the English sentence is shown.
"""
