//! Column types, reduced to what the wire, the validator and the docs need to know.

/// A column's type: its spelling in SQL, its kind, and the rules of the domains it came through.
#[derive(Debug, Clone, PartialEq)]
pub struct PgType {
    /// As `format_type` spells it, fit for a cast: `character varying(200)`, `public.lead_status`.
    pub sql: String,
    /// The same without domains and without a length or precision: `text`, `public.lead_status`.
    pub base: String,
    /// What it is once domains are taken off.
    pub kind: Kind,
    /// Rules of domains, outermost first; empty for a plain type.
    pub domain_rules: Vec<DomainRule>,
}

/// Types that have an order of their own although Windlass knows no more of them.
const ORDERED: &[&str] = &[
    "inet",
    "cidr",
    "macaddr",
    "macaddr8",
    "money",
    "bit",
    "bit varying",
    "oid",
    "pg_lsn",
    "xid8",
];

impl PgType {
    /// Whether it is a domain.
    #[must_use]
    pub fn is_domain(&self) -> bool {
        let plain = self.sql.split('(').next().unwrap_or_default();
        !matches!(self.kind, Kind::Array { .. }) && plain != self.base
    }

    /// Whether Postgres has an order on it, and so comparisons.
    #[must_use]
    pub fn is_ordered(&self) -> bool {
        match &self.kind {
            Kind::Json | Kind::Object | Kind::Vector { .. } | Kind::HalfVec { .. } | Kind::SparseVec { .. } => false,
            Kind::Array { item } => item.is_ordered(),
            Kind::Other => ORDERED.contains(&self.base.as_str()),
            _ => true,
        }
    }
}

/// A CHECK of a domain, written about `VALUE`.
#[derive(Debug, Clone, PartialEq)]
pub struct DomainRule {
    /// The constraint's name.
    pub name: String,
    /// The expression as `pg_get_constraintdef` spells it, for example `CHECK ((VALUE > 0))`.
    pub definition: String,
}

/// The kinds that Windlass treats apart. Everything else travels as Postgres's own text.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the variants are named after Postgres's types")]
pub enum Kind {
    Bool,
    Int2,
    Int4,
    Int8,
    Float4,
    Float8,
    /// `numeric`, with precision and scale where declared.
    Numeric {
        precision: Option<u32>,
        scale: Option<i32>,
    },
    /// `text`, `varchar(n)`, `char(n)`, `citext`, `name`.
    Text {
        max_length: Option<u32>,
    },
    Uuid,
    Date,
    Time,
    TimeTz,
    Timestamp,
    TimestampTz,
    Interval,
    Bytea,
    Json,
    Jsonb,
    /// An enum with its labels in order.
    Enum {
        labels: Vec<String>,
    },
    /// An array; `item.sql` is the element type's spelling.
    Array {
        item: Box<PgType>,
    },
    /// pgvector's `vector(n)`.
    Vector {
        dimensions: Option<u32>,
    },
    /// pgvector's `halfvec(n)`.
    HalfVec {
        dimensions: Option<u32>,
    },
    /// pgvector's `sparsevec(n)`.
    SparseVec {
        dimensions: Option<u32>,
    },
    /// Ranges and multiranges, as text.
    Range,
    /// `tsvector`. Text that is none is an error of syntax to Postgres, so it is read before.
    TsVector,
    /// `tsquery`, as `tsvector`.
    TsQuery,
    /// `regclass` and its kin, which name objects of the database. What a client may name are resources, so only the
    /// numbers of objects are taken.
    Object,
    /// Anything else (`inet`, `point` …), as text.
    Other,
}

impl Kind {
    /// Whether `like` can be asked of it.
    #[must_use]
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Text { .. })
    }

    /// Whether values are whole numbers.
    #[must_use]
    pub fn is_integer(&self) -> bool {
        matches!(self, Self::Int2 | Self::Int4 | Self::Int8)
    }

    /// Whether values are JSON numbers.
    #[must_use]
    pub fn is_number(&self) -> bool {
        self.is_integer() || matches!(self, Self::Float4 | Self::Float8 | Self::Numeric { .. })
    }

    /// Whether it is one of pgvector's types.
    #[must_use]
    pub fn is_vector(&self) -> bool {
        matches!(
            self,
            Self::Vector { .. } | Self::HalfVec { .. } | Self::SparseVec { .. }
        )
    }
}
