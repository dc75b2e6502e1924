# SPDX-License-Identifier: Apache-2.0
"""Every release of the shop, what is peculiar about it, and which schemas its code can serve on.

Builder, scenarios and oracle read this table; uprev never sees it.
"""
from dataclasses import dataclass, field

ADD_NOTE = {"transaction": True, "statements": ["alter table orders add column note text"]}
RENAME_TOTAL = {"transaction": True, "statements": ["alter table orders rename column total to amount"]}
ADD_CUSTOMERS = {"transaction": True, "statements": ["create table customers (id bigserial primary key, name text not null)"]}
SLOW_RENAME = {
    "transaction": False,
    "statements": ["alter table orders rename column total to amount"]
    + [f"insert into orders (key, amount) values ('backfill-{number}', 0); select pg_sleep(0.15)" for number in range(10)],
}
# The first half is done for good before the second one fails.
HALF_WAY = {
    "transaction": False,
    "statements": ["alter table orders rename column total to gross", "alter table order_lines add column net integer"],
}


@dataclass(frozen=True)
class Release:
    version: str
    schema: int = 1                     # highest migration that it brings
    reads: tuple = (1, 2)               # schemas that its code can serve on
    migrations: dict = field(default_factory=dict)  # file name -> content, besides 0001-orders
    compatible: bool = True             # as the vendor declares the migrations
    breaking: bool = False
    required_env: tuple = ("DATABASE_URL", "JWT_SECRET")
    upgrade_from: tuple = ()
    required_stop: bool = False
    total_column: str = "total"
    throws_at_boot: bool = False
    unwell: str = ""                    # the service whose health says no
    bad_signature: bool = False


NOTE = {"0002-note": ADD_NOTE}
AMOUNT = {**NOTE, "0003-amount": RENAME_TOTAL}

RELEASES = {
    release.version: release
    for release in [
        Release("1.4.0"),
        Release("1.4.2"),
        Release("1.4.3", bad_signature=True),
        Release("1.4.4", required_env=("DATABASE_URL", "JWT_SECRET", "PAYMENT_KEY")),
        Release("1.4.5"),
        Release("1.5.0", schema=2, migrations=NOTE),
        Release("1.5.1", schema=2, migrations=NOTE, unwell="storefront"),
        Release("1.5.2", schema=3, reads=(3,), migrations={**NOTE, "0003-gross": HALF_WAY}, compatible=False, total_column="gross"),
        Release("1.5.3", schema=2, migrations=NOTE, throws_at_boot=True),
        Release("1.6.0", schema=3, reads=(3,), migrations=AMOUNT, compatible=False, total_column="amount"),
        Release("1.6.1", schema=3, reads=(3,), migrations={**NOTE, "0003-amount": SLOW_RENAME}, compatible=False, total_column="amount"),
        Release("1.6.2", schema=3, reads=(3,), migrations=AMOUNT, compatible=False, total_column="amount", unwell="storefront"),
        Release("1.8.0", schema=2, migrations=NOTE, required_stop=True),
        Release("1.9.0", schema=2, migrations=NOTE, upgrade_from=(">=1.8.0",)),
        Release("2.0.0", schema=4, reads=(4,), migrations={**AMOUNT, "0004-customers": ADD_CUSTOMERS}, compatible=False,
                breaking=True, total_column="amount"),
    ]
}
