//! Windlass's own tables, as Diesel sees them; `core/migrations` makes them.

diesel::table! {
    /// Each run of a migration of the project.
    windlass.migration_run (id) {
        /// In order of the runs.
        id -> Int8,
        /// The migration's version, digits only.
        version -> Text,
        /// The migration's directory.
        name -> Text,
        /// `up` or `down`.
        direction -> Text,
        /// Of `up.sql` at that time, in hexadecimal.
        sha256 -> Text,
        /// When it began.
        started_at -> Timestamptz,
        /// How long it took.
        duration_ms -> Int8,
        /// Why it failed, with file and line; null if it did not.
        error -> Nullable<Text>,
    }
}

diesel::table! {
    /// Each act of an operator.
    windlass.audit (id) {
        /// In order of the acts.
        id -> Int8,
        /// When it began.
        at -> Timestamptz,
        /// Who: a user of the operating system.
        actor -> Text,
        /// `console` or `command`.
        via -> Text,
        /// The act's name.
        action -> Text,
        /// What it was done to.
        target -> Text,
        /// The equal command.
        command -> Text,
        /// More about it.
        detail -> Nullable<Jsonb>,
        /// `started`, `done` or `refused`.
        outcome -> Text,
        /// Why it was refused.
        error -> Nullable<Text>,
        /// When it ended.
        finished_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// Routes that an operator switched off.
    windlass.route_state (route) {
        /// Such as `GET /api/leads/{id}`.
        route -> Text,
        /// Since when.
        disabled_at -> Timestamptz,
        /// By whom.
        disabled_by -> Text,
    }
}

diesel::table! {
    /// Keys with which clients ask.
    windlass.api_key (id) {
        /// Names it.
        id -> Int8,
        /// What it is for, in an operator's words.
        name -> Text,
        /// How it begins: enough to tell it from others, too little to guess it.
        hint -> Text,
        /// SHA-256 of the whole key.
        hash -> Bytea,
        /// What may be done with it.
        scopes -> Array<Text>,
        /// For which tenant.
        tenant -> Nullable<Text>,
        /// In which role.
        role -> Nullable<Text>,
        /// When it was made.
        created_at -> Timestamptz,
        /// By whom.
        created_by -> Text,
        /// Until when it is valid; null for ever.
        expires_at -> Nullable<Timestamptz>,
        /// Since when it is not valid any more.
        revoked_at -> Nullable<Timestamptz>,
        /// When a request last came with it, to the minute or so.
        last_used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// How often the keys changed: one row.
    windlass.api_key_generation (one) {
        /// Always true.
        one -> Bool,
        /// Counts up.
        value -> Int8,
    }
}

diesel::table! {
    /// Keys that all processes on the database share.
    windlass.secret (name) {
        /// What it is for.
        name -> Text,
        /// Random bytes.
        value -> Bytea,
        /// When it was made.
        made_at -> Timestamptz,
    }
}
