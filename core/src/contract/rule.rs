//! A rule across fields, in CEL as Kubernetes writes them: `self` is the row.

use std::collections::BTreeSet;
use std::sync::Arc;

use cel::common::ast::{EntryExpr, Expr, LiteralValue};
use cel::{Context, IdedExpr, Program};

/// A compiled rule. A row keeps it when the expression is true.
#[derive(Clone)]
pub struct Rule {
    /// The expression's text.
    pub expr: String,
    /// The field that a violation is reported at.
    pub loc: Option<String>,
    /// What a violation says.
    pub msg: String,
    /// Fields of `self` that the expression reads.
    pub fields: Vec<String>,
    /// Compiled once per snapshot.
    pub program: Arc<cel::Program>,
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rule")
            .field("expr", &self.expr)
            .field("loc", &self.loc)
            .finish_non_exhaustive()
    }
}

/// Compiles a rule, and names the fields of `self` that it reads, in name order.
///
/// # Errors
///
/// A sentence that says why the expression is no rule: its syntax, a name other than `self`, a function that does
/// not exist, or `self` used as a whole (which fields would it read?).
pub fn compile_rule(expr: &str) -> Result<(Arc<Program>, Vec<String>), String> {
    let program = Program::compile(expr).map_err(|errors| {
        let first = errors.errors.first();
        first.map_or_else(
            || "not a CEL expression".to_owned(),
            |e| format!("not a CEL expression: {} (at {}:{} of it)", e.msg, e.pos.0, e.pos.1),
        )
    })?;
    let mut walk = Walk::default();
    walk.visit(program.expression());
    let Walk { fields, wrong, .. } = walk;
    if let Some(wrong) = wrong {
        return Err(wrong);
    }
    if fields.is_empty() {
        return Err("it reads no field of `self`, so it says nothing of a row".to_owned());
    }
    Ok((Arc::new(program), fields.into_iter().collect()))
}

#[derive(Default)]
struct Walk<'e> {
    fields: BTreeSet<String>,
    /// Names that comprehensions (`all`, `exists`, `map` …) bring in.
    bound: Vec<&'e str>,
    wrong: Option<String>,
}

impl<'e> Walk<'e> {
    fn visit(&mut self, expr: &'e IdedExpr) {
        match &expr.expr {
            Expr::Unspecified | Expr::Literal(_) => {}
            Expr::Ident(name) => self.name(name),
            Expr::Select(select) => match &select.operand.expr {
                Expr::Ident(name) if self.is_row(name) => {
                    self.fields.insert(select.field.clone());
                }
                _ => self.visit(&select.operand),
            },
            Expr::Call(call) => {
                if let ("_[_]", [row, key]) = (call.func_name.as_str(), call.args.as_slice())
                    && let (Expr::Ident(name), Expr::Literal(LiteralValue::String(field))) = (&row.expr, &key.expr)
                    && self.is_row(name)
                {
                    self.fields.insert(field.inner().to_owned());
                    return;
                }
                self.function(&call.func_name);
                for part in call.target.as_deref().into_iter().chain(&call.args) {
                    self.visit(part);
                }
            }
            Expr::List(list) => list.elements.iter().for_each(|e| self.visit(e)),
            Expr::Map(map) => map.entries.iter().for_each(|e| self.entry(&e.expr)),
            Expr::Struct(it) => it.entries.iter().for_each(|e| self.entry(&e.expr)),
            Expr::Comprehension(it) => {
                self.visit(&it.iter_range);
                self.visit(&it.accu_init);
                let outer = self.bound.len();
                self.bound.extend([it.iter_var.as_str(), it.accu_var.as_str()]);
                self.bound.extend(it.iter_var2.as_deref());
                self.visit(&it.loop_cond);
                self.visit(&it.loop_step);
                self.visit(&it.result);
                self.bound.truncate(outer);
            }
        }
    }

    fn entry(&mut self, entry: &'e EntryExpr) {
        match entry {
            EntryExpr::StructField(field) => self.visit(&field.value),
            EntryExpr::MapEntry(entry) => {
                self.visit(&entry.key);
                self.visit(&entry.value);
            }
        }
    }

    fn is_row(&self, name: &str) -> bool {
        name == "self" && !self.bound.contains(&name)
    }

    fn name(&mut self, name: &str) {
        const TYPES: &[&str] = &[
            "bool",
            "bytes",
            "double",
            "int",
            "list",
            "map",
            "null_type",
            "string",
            "type",
            "uint",
        ];
        if self.bound.contains(&name) || TYPES.contains(&name) {
            return;
        }
        self.wrong.get_or_insert_with(|| {
            if name == "self" {
                "`self` is used as a whole; name the fields: `self.field`".to_owned()
            } else {
                format!("unknown name `{name}`; a row's fields are written `self.{name}`")
            }
        });
    }

    fn function(&mut self, name: &str) {
        // Operators have names such as `_&&_` and `@in`.
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return;
        }
        // A context refuses a function whose name exists: the one way to ask it for its names.
        if Context::default().add_function(name, |n: i64| n).is_ok() {
            self.wrong.get_or_insert_with(|| format!("unknown function `{name}`"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::compile_rule;

    #[test]
    fn fields_are_found_wherever_they_are_read() {
        for (expr, fields) in [
            ("self.a > 1", "a"),
            (
                "!has(self.closed_at) || self.closed_at >= self.created_at",
                "closed_at created_at",
            ),
            ("self[\"odd name\"] == 'x' && size(self.tags) > 0", "odd name tags"),
            ("self.tags.all(t, t.startsWith(self.prefix))", "prefix tags"),
            ("self.a in [self.b, self.c] ? self.d : {'k': self.e}['k']", "a b c d e"),
            ("self.meta.deep.value == 1", "meta"),
            ("self.name.matches('^a') && type(self.n) == int", "n name"),
            (
                "self.a.exists(x, x.contains('b')) || self.a.map(x, size(x)) == [1]",
                "a",
            ),
        ] {
            let (_, found) = compile_rule(expr).unwrap_or_else(|e| panic!("{expr}: {e}"));
            assert_eq!(found.join(" "), fields, "{expr}");
        }
    }

    #[test]
    fn what_is_no_rule_is_told() {
        for (expr, reason) in [
            ("self.a >", "not a CEL expression"),
            ("", "not a CEL expression"),
            ("a > 1", "unknown name `a`"),
            ("size(self) > 1", "`self` is used as a whole"),
            ("nosuch(self.a)", "unknown function `nosuch`"),
            ("self.a.lowrcase() == 'x'", "unknown function `lowrcase`"),
            ("1 == 1", "reads no field"),
            ("self.tags.all(t, u > 1)", "unknown name `u`"),
            ("((((", "not a CEL expression"),
            ("'open", "not a CEL expression"),
            ("\u{0}", "not a CEL expression"),
        ] {
            let error = compile_rule(expr).map(|_| ()).unwrap_err();
            assert!(error.contains(reason), "{expr}: {error}");
        }
    }
}
