//! The types that a `::cast` may name. No other word of a client ever becomes a type of a statement.

macro_rules! casts {
    ($($(#[$doc:meta])* $variant:ident = $sql:literal $(| $alias:literal)*),* $(,)?) => {
        /// A type that values can be cast to.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Cast { $($(#[$doc])* $variant),* }

        impl Cast {
            /// Every type by its short name.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Reads a type's name, in any of the spellings that Postgres has for it.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                match word.to_ascii_lowercase().as_str() {
                    $($sql $(| $alias)* => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// SQL's spelling.
            #[must_use]
            pub const fn sql(self) -> &'static str {
                match self { $(Self::$variant => $sql),* }
            }
        }
    };
}

casts! {
    /// Text of any length.
    Text = "text" | "varchar" | "character varying",
    /// 16 bits.
    Int2 = "int2" | "smallint",
    /// 32 bits.
    Int4 = "int4" | "int" | "integer",
    /// 64 bits.
    Int8 = "int8" | "bigint",
    /// Exact numbers.
    Numeric = "numeric" | "decimal",
    /// 32 bits.
    Float4 = "float4" | "real",
    /// 64 bits.
    Float8 = "float8" | "float" | "double precision",
    /// True and false.
    Bool = "bool" | "boolean",
    /// A day.
    Date = "date",
    /// A time of a day.
    Time = "time" | "time without time zone",
    /// A day and a time without an offset.
    Timestamp = "timestamp" | "timestamp without time zone",
    /// A moment.
    TimestampTz = "timestamptz" | "timestamp with time zone",
    /// A duration.
    Interval = "interval",
    /// RFC 9562.
    Uuid = "uuid",
    /// JSON as written.
    Json = "json",
    /// JSON as a value.
    Jsonb = "jsonb",
}
