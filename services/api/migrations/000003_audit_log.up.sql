-- No foreign key: what somebody did is still told when the account is gone.
create table audit_log (
    id bigint generated always as identity primary key,
    user_id uuid,
    action text not null,
    detail jsonb not null default '{}',
    created_at timestamptz not null default now()
);

create index audit_log_user_id_created_at on audit_log (user_id, created_at desc);
