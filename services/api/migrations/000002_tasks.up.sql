-- `number` is the client's own: a request that is sent again with it makes no second task.
create table tasks (
    id bigint generated always as identity primary key,
    number bigint unique,
    user_id uuid references users (id) on delete set null,
    title text not null,
    status text not null default 'pending' check (status in ('pending', 'done')),
    created_at timestamptz not null default now()
);
