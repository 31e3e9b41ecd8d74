"""The papers behind decisions: kept, exchanged, judged, searched.

- `ports`: what is asked of the read model
- `tables`: tables in `node.db`
- `store`: documents by digest
- `bindings`: the bindings, and whether documents say the same as the chain
- `access`: who may leave and read a document
- `exchange`: where departments' nodes are, documents between them
- `fetcher`: the loop that brings documents here
- `search`: search over the published catalogue
- `terms`: the service's port, implemented
- `importing`: filled tables to catalogue versions
"""
