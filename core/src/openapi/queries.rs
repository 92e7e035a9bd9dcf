//! The parameters that belong to one resource: its columns' filters, and what else speaks of its columns.

use salvo::oapi::{Components, Parameter};
use serde_json::json;

use super::examples::Examples;
use super::names::Named;
use super::parameters::{filterable, query};
use crate::catalog::Kind;
use crate::contract::Field;
use crate::plan::{operators, relation};
use crate::request::column::quoted;

/// Operators that take `(any)` and `(all)`.
const QUANTIFIED: &[&str] = &["eq", "gt", "gte", "lt", "lte", "like", "ilike", "match", "imatch"];

/// Adds the parameters of one resource.
pub(super) fn add(mut components: Components, named: &Named<'_>, examples: &Examples) -> Components {
    let resource = named.resource;
    let names: Vec<&str> = resource.fields.iter().map(|field| field.name.as_str()).collect();
    let first: Vec<&str> = names.iter().copied().take(2).collect();
    let select = query(
        "select",
        format!(
            "Columns of the reply, separated by commas, perhaps as `alias:column` or `column::type`; all without it. Columns are {}.{}{}",
            listed(&names),
            aggregates(named),
            related(named)
        ),
        json!({ "type": "string", "examples": [first.join(",")] }),
    );
    let moment = |field: &&Field| matches!(field.pg_type.kind, Kind::TimestampTz | Kind::Timestamp | Kind::Date);
    let telling = resource.fields.iter().find(moment).or(resource.fields.first());
    let last = telling.map_or("id", |field| field.name.as_str());
    let order = query(
        "order",
        format!(
            "Columns to order by, separated by commas, each with `.asc` or `.desc` and `.nullsfirst` or `.nullslast` if wanted. \
             The key comes last in any case, so that pages neither repeat nor skip rows.{}{}",
            by_one(named),
            by_distance(named)
        ),
        json!({ "type": "string", "examples": [format!("{last}.desc")] }),
    );
    let limit = query(
        "limit",
        // No `maximum`: more may be asked for, but whoever counts on it is told when fewer are given than before.
        format!(
            "Rows at most; more than {} are never given. As NDJSON or CSV without it all rows come, up to {}: with more than that \
             the reply breaks off, or is refused with `reply_too_large` where `Prefer: count=exact` tells it beforehand.",
            resource.page.max, resource.page.max_stream
        ),
        json!({ "type": "integer", "format": "int64", "minimum": 0, "x-most-rows": resource.page.max, "x-most-streamed-rows": resource.page.max_stream, "default": resource.page.default }),
    );
    let own = [
        select,
        order,
        limit,
        logic(named, examples, "or", "at least one"),
        logic(named, examples, "and", "all"),
        columns(named),
        on_conflict(named),
    ];
    for parameter in own {
        components = components.add_parameter(named.query(&parameter.name), parameter);
    }
    for (index, field) in filterable(named) {
        components = components.add_parameter(
            named.filter(index, field),
            filter(field, &examples.filter(index, field)),
        );
    }
    components
}

/// What can be embedded, each relation as it is written.
fn related(named: &Named<'_>) -> String {
    let spellings = relation::spellings(&named.relations);
    let Some((first, _)) = spellings.first() else {
        return String::new();
    };
    let all: Vec<String> = spellings
        .iter()
        .map(|(spelling, kind)| format!("`{spelling}(…)` ({kind})"))
        .collect();
    format!(
        " Related rows are embedded as `{first}(*)`, which adds a member of that name to each row beside those of the schema: an \
         object or null, or an array where there may be several. Relations are {}.",
        all.join(", ")
    )
}

/// That groups can be counted, where they can.
fn aggregates(named: &Named<'_>) -> String {
    match named.resource.page.max_groups {
        Some(most) => format!(
            " `count()`, `column.sum()`, `.avg()`, `.min()` and `.max()` are of each group of equal other columns, of which there are \
             at most {most}."
        ),
        None => String::new(),
    }
}

/// That rows can be ordered by the one row to which each is related.
fn by_one(named: &Named<'_>) -> String {
    let one = named.relations.iter().find(|way| !way.many);
    one.map_or_else(String::new, |way| {
        format!(" `{}(column)` is a column of an embedded row.", way.name())
    })
}

/// That rows can be ordered by distance.
fn by_distance(named: &Named<'_>) -> String {
    let resource = named.resource;
    let first = resource.nearest.columns.first();
    let field = first.and_then(|column| resource.fields.get(column.field));
    field.map_or_else(String::new, |field| {
        format!(
            " `{}.nearest.[0.1,…]` is by distance to a vector, the nearest first.",
            field.name
        )
    })
}

/// `or` and `and`, with an example that this resource has.
fn logic(named: &Named<'_>, examples: &Examples, word: &str, which: &str) -> Parameter {
    let plain = |text: &str| {
        text.chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
    };
    let simple = filterable(named).find_map(|(index, field)| {
        let filter = examples.filter(index, field);
        (plain(&filter) && plain(&field.name)).then(|| format!("({0}.{filter},{0}.is.null)", field.name))
    });
    query(
        word,
        format!(
            "Conditions of which {which} must hold, as `(column.operator.value,…)`; `and(…)`, `or(…)` and `not.` nest."
        ),
        match simple {
            Some(example) => json!({ "type": "string", "pattern": r"^\(.*\)$", "examples": [example] }),
            None => json!({ "type": "string", "pattern": r"^\(.*\)$" }),
        },
    )
}

/// Which fields of a body are used.
fn columns(named: &Named<'_>) -> Parameter {
    let written = named.resource.fields.iter().filter(|field| !field.read_only);
    let names: Vec<String> = written.map(|field| quoted(&field.name)).collect();
    query(
        "columns",
        "Fields of the body that are used, separated by commas; others are passed over. Without it all are used."
            .to_owned(),
        json!({ "type": "string", "examples": [names.join(",")] }),
    )
}

/// The unique keys by which an upsert finds its rows.
fn on_conflict(named: &Named<'_>) -> Parameter {
    let resource = named.resource;
    let unique = resource.unique.iter().map(|unique| &unique.fields);
    let mut keys: Vec<String> = Vec::new();
    for key in [&resource.key].into_iter().chain(unique).filter(|key| !key.is_empty()) {
        let fields = key.iter().filter_map(|index| resource.fields.get(*index));
        let names: Vec<String> = fields.map(|field| quoted(&field.name)).collect();
        let text = names.join(",");
        if names.len() == key.len() && !keys.contains(&text) {
            keys.push(text);
        }
    }
    query(
        "on_conflict",
        "With `Prefer: resolution=…`: the columns of the unique key by which rows are found, separated by commas; without it \
         the primary key."
            .to_owned(),
        json!({ "type": "string", "examples": keys }),
    )
}

fn filter(field: &Field, example: &str) -> Parameter {
    let operators = operators::taken(&field.pg_type);
    let nulls_only = operators == ["is"];
    let quantified: Vec<&str> = operators
        .iter()
        .copied()
        .filter(|word| QUANTIFIED.contains(word))
        .collect();
    let searched: Vec<&str> = operators.iter().copied().filter(|word| word.ends_with("fts")).collect();
    let pattern = if nulls_only {
        r"^(not\.)?is\.(null|not_null)$".to_owned()
    } else {
        let mut words = vec![operators.join("|")];
        if !quantified.is_empty() {
            words.push(format!(r"({})\((any|all)\)", quantified.join("|")));
        }
        if !searched.is_empty() {
            words.push(format!(r"({})\([A-Za-z_][A-Za-z0-9_]*\)", searched.join("|")));
        }
        format!(r"^(not\.)?({})\.", words.join("|"))
    };
    let written: Vec<String> = operators.iter().map(|operator| format!("`{operator}.`")).collect();
    let description = if nulls_only {
        format!("Rows by `{}`: `is.null` or `is.not_null`.", field.name)
    } else {
        format!(
            "Rows by `{}`: {}, for example `{example}`.",
            field.name,
            written.join(" ")
        )
    };
    query(
        &quoted(&field.name),
        description,
        json!({ "type": "string", "pattern": pattern, "examples": [example] }),
    )
}

fn listed(names: &[&str]) -> String {
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}
