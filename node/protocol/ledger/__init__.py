"""The rules of the ledger: what a decision may do, and what a call may have.

`core`: decisions and events judged over any store. `signed`: the one way a decision is accepted.
`registry`, `catalogue`, `authorisations`, `anchors`: the rules of each contract. `competence`: who
stands above whom and acts for whom. `steps`: the table of an authorisation's steps. `judge`:
whether a call is permitted. `facts`: the records that are kept. `surroundings`: stores, and the
curve. `enums`: the contracts' numbers, generated. `report`: how a verifier refuses.
"""
