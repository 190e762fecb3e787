"""Everything that is one member's, to take home: Markdown notes with links, and the same as JSON.

    README.md            what is here, with a link to each list
    awards.md            a list of its notes
    awards/awd_….md      a note: facts in front, words below, links as [[awd_…]]
    json/awards.json     the facts of the same notes, one array
    json/receipts/….json signed receipts as the programs that check them read them

Names of notes are ids, which are unique, so links resolve wherever the folder is unpacked, in
Obsidian as in a search. What of a fact is another person's is left out: who, and what is theirs.
"""
