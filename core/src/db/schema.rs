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
