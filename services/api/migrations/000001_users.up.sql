create table users (
    id uuid primary key default gen_random_uuid(),
    email text not null unique,
    name text not null,
    email_verified boolean not null default false,
    disabled boolean not null default false,
    created_at timestamptz not null default now()
);
