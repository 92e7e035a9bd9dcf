//! Every relation that a request reaches, however deep, shown or not.

use super::condition::Condition;
use super::embed::Embed;
use super::order::{By, Order};
use super::output::{Output, Value};

/// What of a plan may reach related rows.
#[derive(Debug, Clone, Copy)]
pub struct Reach<'a> {
    /// Which rows.
    pub condition: &'a Condition,
    /// Their columns.
    pub output: &'a [Output],
    /// Their order.
    pub order: &'a [Order],
}

impl<'a> Reach<'a> {
    /// All that is reached, each relation before those inside of it.
    #[must_use]
    pub fn embeds(self) -> Vec<&'a Embed> {
        let mut into = Vec::new();
        self.collect(&mut into);
        into
    }

    fn collect(self, into: &mut Vec<&'a Embed>) {
        of_condition(self.condition, into);
        for output in self.output {
            if let Value::Related(embed) = &output.value {
                of_embed(embed, into);
            }
        }
        for order in self.order {
            if let By::Related(embed, _) = &order.by {
                of_embed(embed, into);
            }
        }
    }
}

fn of_condition<'a>(condition: &'a Condition, into: &mut Vec<&'a Embed>) {
    match condition {
        Condition::All(members) | Condition::Any(members) => members.iter().for_each(|one| of_condition(one, into)),
        Condition::Not(member) | Condition::Implied(member) => of_condition(member, into),
        Condition::Exists(embed) => of_embed(embed, into),
        _ => {}
    }
}

fn of_embed<'a>(embed: &'a Embed, into: &mut Vec<&'a Embed>) {
    into.push(embed);
    let reach = Reach {
        condition: &embed.condition,
        output: &embed.output,
        order: &embed.order,
    };
    reach.collect(into);
}
