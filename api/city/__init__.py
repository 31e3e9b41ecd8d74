"""A whole city from one file: what `shareledger city init` does, and what founds every other town.

- plan: the file; keyring: everybody's keys and their files; halves: public ones beside them;
  folders: what a node is given
- builder: chain, contracts, nodes and decisions in their order, resumed wherever it was stopped
- processes: the servers, single commands, signals
"""
