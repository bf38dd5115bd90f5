-- Alone in its file: an index that is built without shutting out writers cannot be part of a transaction.
create index concurrently tasks_status_id on tasks (status, id desc);
