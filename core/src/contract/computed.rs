//! Relations that functions compute: `computed = ["recent_events"]` in a resource file names functions that take a row of
//! its table and return rows of another (`PostgREST`, "Computed Relationships").

use super::derive_function;
use super::overlay::Overlay;
use super::resource::Computed;
use super::source::Source;
use crate::catalog::{Catalog, Function, Relation, Returned};

/// The computed relations of a resource; what is wrong with them, `source` then knows.
pub(super) fn derive(
    overlay: &Overlay,
    relation: &Relation,
    catalog: &Catalog,
    source: &mut Source<'_>,
) -> Vec<Computed> {
    let mut computed: Vec<Computed> = Vec::new();
    for written in &overlay.computed {
        let (name, at) = (written.get_ref(), written.span());
        let takes_row = |function: &&Function| match function.arguments.as_slice() {
            [first, rest @ ..] => {
                first.row_of.as_ref() == Some(&relation.name) && rest.iter().all(|argument| argument.default.is_some())
            }
            [] => false,
        };
        let functions = match derive_function::find(name, catalog) {
            Ok(functions) => functions,
            Err((message, help)) => {
                source.mistake(at, message, Some(help));
                continue;
            }
        };
        let Some(function) = functions.iter().find(takes_row) else {
            let message = format!("`{name}` does not take a row of `{}`", relation.name);
            let help = format!(
                "write it as `create function {name}(\"{}\") returns setof …`",
                relation.name.name
            );
            source.mistake(at, message, Some(help));
            continue;
        };
        let Returned::Relation(returns) = &function.returns else {
            let help = "let it return `setof` a table, of which a file in `resources/` exposes what may be read";
            source.mistake(
                at,
                format!("`{name}` does not return rows of a table or view"),
                Some(help.to_owned()),
            );
            continue;
        };
        if !function.reads {
            let help = "declare it `stable`, if it only reads".to_owned();
            source.mistake(
                at,
                format!("`{name}` is volatile: a read could change something"),
                Some(help),
            );
            continue;
        }
        if computed.iter().any(|known| known.function.name == function.name.name) {
            source.mistake(at, format!("`{}` is named twice", function.name.name), None);
            continue;
        }
        computed.push(Computed {
            function: function.name.clone(),
            returns: returns.clone(),
            many: function.set && !function.single,
        });
    }
    computed
}
