"""Remote endpoints: wire formats, prices, the spending ledger, paid answers. The only room that opens a socket."""
