//! What a resource promises about nearest neighbours: which columns, by which distance, and what their indexes are told.

use super::{Field, Metric};
use crate::catalog::{Kind, Relation, VectorMethod};

/// The largest `ef_search` that pgvector takes.
pub const EF_SEARCH_MOST: u32 = 1_000;
/// The largest `ef_search` that a request may ask for, unless the overlay says otherwise.
const EF_SEARCH_CAP: u32 = 400;
/// The smallest that is told unasked; pgvector by itself takes 40, which finds fewer of the true neighbours.
const EF_SEARCH_LEAST: u32 = 100;

/// How neighbours are looked for in a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nearest {
    /// Columns with vectors, in column order.
    pub columns: Vec<NearestColumn>,
    /// The largest `ef_search` of a request.
    pub max_ef_search: u32,
    /// Whether an index goes on looking when a filter leaves too few of what it found (pgvector 0.8 on).
    pub iterative: bool,
}

/// A column with vectors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearestColumn {
    /// Index into the resource's fields.
    pub field: usize,
    /// The distance, unless a request says another: the overlay's, or that of the only index.
    pub metric: Option<Metric>,
    /// Its indexes.
    pub indexes: Vec<NearestIndex>,
}

/// An index over a column with vectors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearestIndex {
    /// Its name.
    pub name: String,
    /// The distance that it knows.
    pub metric: Metric,
    /// How it finds neighbours.
    pub method: VectorMethod,
    /// Whether reads can use it.
    pub valid: bool,
}

impl Default for Nearest {
    fn default() -> Self {
        Self {
            columns: Vec::new(),
            max_ef_search: EF_SEARCH_CAP,
            iterative: false,
        }
    }
}

impl Nearest {
    /// What the catalog says, with the distances of the overlay, which stand in the fields.
    #[must_use]
    pub(super) fn derive(
        relation: &Relation,
        fields: &[Field],
        cap: Option<u32>,
        pgvector: Option<(u32, u32)>,
    ) -> Self {
        let vectors = fields
            .iter()
            .enumerate()
            .filter(|(_, field)| field.pg_type.kind.is_vector());
        let columns = vectors.map(|(index, field)| {
            let own = relation
                .vector_indexes
                .iter()
                .filter(|known| known.column == field.name);
            let indexes: Vec<NearestIndex> = own
                .filter(|known| !known.partial)
                .filter_map(|known| {
                    Some(NearestIndex {
                        name: known.name.clone(),
                        metric: of_operator_class(&known.operator_class)?,
                        method: known.method,
                        valid: known.valid,
                    })
                })
                .collect();
            let only = match indexes.as_slice() {
                [index] => Some(index.metric),
                _ => None,
            };
            NearestColumn {
                field: index,
                metric: field.rules.metric.or(only),
                indexes,
            }
        });
        Self {
            columns: columns.collect(),
            max_ef_search: cap.unwrap_or(EF_SEARCH_CAP),
            iterative: pgvector.is_some_and(|version| version >= (0, 8)),
        }
    }

    /// How many neighbours an HNSW index keeps in sight for a request of `k` rows that does not say. An index that cannot go
    /// on looking finds no more than these.
    #[must_use]
    pub fn ef_search(&self, k: u64) -> u32 {
        let k = u32::try_from(k).unwrap_or(u32::MAX);
        let wished = k.saturating_mul(2).max(EF_SEARCH_LEAST).min(self.max_ef_search);
        let least = if self.iterative { 1 } else { k };
        wished.max(least).min(EF_SEARCH_MOST)
    }
}

impl NearestColumn {
    /// The valid indexes that know this distance.
    pub fn usable(&self, metric: Metric) -> impl Iterator<Item = &NearestIndex> {
        self.indexes
            .iter()
            .filter(move |index| index.valid && index.metric == metric)
    }
}

impl Metric {
    /// pgvector's operator.
    #[must_use]
    pub const fn operator(self) -> &'static str {
        match self {
            Self::Cosine => "<=>",
            Self::L2 => "<->",
            Self::InnerProduct => "<#>",
            Self::L1 => "<+>",
        }
    }

    /// The operator class of an index that knows it, for a column of this kind.
    #[must_use]
    pub fn operator_class(self, kind: &Kind) -> String {
        let vector = match kind {
            Kind::HalfVec { .. } => "halfvec",
            Kind::SparseVec { .. } => "sparsevec",
            _ => "vector",
        };
        let distance = match self {
            Self::Cosine => "cosine",
            Self::L2 => "l2",
            Self::InnerProduct => "ip",
            Self::L1 => "l1",
        };
        format!("{vector}_{distance}_ops")
    }
}

/// The distance of `vector_cosine_ops` and its kin.
fn of_operator_class(name: &str) -> Option<Metric> {
    let (_, distance) = name.strip_suffix("_ops")?.rsplit_once('_')?;
    match distance {
        "cosine" => Some(Metric::Cosine),
        "l2" => Some(Metric::L2),
        "ip" => Some(Metric::InnerProduct),
        "l1" => Some(Metric::L1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operator_classes() {
        for metric in [Metric::Cosine, Metric::L2, Metric::InnerProduct, Metric::L1] {
            for kind in [
                Kind::Vector { dimensions: None },
                Kind::HalfVec { dimensions: None },
                Kind::SparseVec { dimensions: None },
            ] {
                assert_eq!(of_operator_class(&metric.operator_class(&kind)), Some(metric));
            }
        }
        assert_eq!(of_operator_class("bit_hamming_ops"), None);
    }

    #[test]
    fn what_an_index_keeps_in_sight() {
        let mut nearest = Nearest {
            iterative: true,
            ..Nearest::default()
        };
        for (k, ef) in [(1, 100), (50, 100), (51, 102), (1_000, 400), (u64::MAX, 400)] {
            assert_eq!(nearest.ef_search(k), ef, "{k}");
        }
        nearest.iterative = false;
        assert_eq!((nearest.ef_search(500), nearest.ef_search(5_000)), (500, 1_000));
        nearest.max_ef_search = 10;
        assert_eq!((nearest.ef_search(1), nearest.ef_search(30)), (10, 30));
    }
}
