drop index concurrently tasks_status_id;
