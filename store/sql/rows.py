"""What an operation on the book is written with; domain packages import it from here."""

from __future__ import annotations

from sqlalchemy import (
    Connection,
    Row,
    Select,
    Table,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    not_,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.exc import IntegrityError

from store.sql.prepared import (
    Prepared,
    add,
    add_all,
    change,
    change_all,
    in_sizes,
    insert_all_new,
    insert_new,
    insert_or_ignore,
)

__all__ = [
    "Connection",
    "IntegrityError",
    "Prepared",
    "Row",
    "Select",
    "Table",
    "add",
    "add_all",
    "and_",
    "bindparam",
    "case",
    "change",
    "change_all",
    "delete",
    "exists",
    "func",
    "in_sizes",
    "insert",
    "insert_all_new",
    "insert_new",
    "insert_or_ignore",
    "literal",
    "not_",
    "or_",
    "select",
    "tuple_",
    "update",
]
