//! Rules are made, changed, tried and removed, and what they did is looked at.

use playfield_core::api::{ChangeRule, Deliveries, Delivery, KnownRule, KnownRules};
use playfield_core::id::{DeliveryId, RuleId};
use playfield_core::rule::{Known, MOST_RULES, Rule};
use playfield_store::db::{DeliveryRow, Fired, RuleRow};
use serde_json::json;

use super::follow::{Happened, delivery, write};
use super::press::Press;
use super::sign;
use crate::app::{App, Shared};
use crate::clock::now_ms;
use crate::failure::{Failure, Kind};
use crate::secret::random;

impl App {
    /// All rules.
    pub(crate) async fn rules(&self) -> Result<KnownRules, Failure> {
        let rows = self.db.rules().await?;
        Ok(KnownRules { rules: rows.into_iter().map(|row| self.shown_rule(row)).collect::<Result<_, _>>()? })
    }

    /// A rule.
    pub(crate) async fn rule(&self, id: &RuleId) -> Result<KnownRule, Failure> {
        self.shown_rule(self.db.rule(id.clone()).await?.ok_or_else(|| none(id))?)
    }

    /// Makes a rule.
    pub(crate) async fn make_rule(&self, rule: Rule) -> Result<KnownRule, Failure> {
        check(&rule)?;
        let (id, now) = (RuleId::from_entropy(random()?), now_ms());
        let json = serde_json::to_string(&rule).map_err(Failure::internal)?;
        let row = RuleRow { id, rule: json, version: 1, created_ms: now, changed_ms: now };
        if !self.db.insert_rule(row.clone(), MOST_RULES).await? {
            let detail = format!("there are {MOST_RULES} rules, the most there may be; remove one first");
            return Err(Failure::new(Kind::LimitReached, detail));
        }
        self.rules.changed.send_modify(|count| *count += 1);
        self.shown_rule(row)
    }

    /// Changes a rule.
    pub(crate) async fn change_rule(&self, id: &RuleId, change: ChangeRule) -> Result<KnownRule, Failure> {
        check(&change.rule)?;
        let known = self.rule(id).await?;
        let version = change.version.unwrap_or(known.version);
        let json = serde_json::to_string(&change.rule).map_err(Failure::internal)?;
        if !self.db.set_rule(id.clone(), version, json, now_ms()).await? {
            let detail = "this rule was changed by somebody else meanwhile; look at it again first";
            return Err(Failure::new(Kind::Changed, detail));
        }
        self.rules.changed.send_modify(|count| *count += 1);
        self.rule(id).await
    }

    /// Removes a rule; what it was still to do is given up.
    pub(crate) async fn remove_rule(&self, id: &RuleId) -> Result<(), Failure> {
        if !self.db.remove_rule(id.clone(), "the rule was removed".to_owned(), now_ms()).await? {
            return Err(none(id));
        }
        self.rules.changed.send_modify(|count| *count += 1);
        Ok(())
    }

    /// Does what a rule does, as if it fired; all that is sent says that it is a test.
    pub(crate) async fn try_rule(self: &Shared, id: &RuleId) -> Result<Deliveries, Failure> {
        let known = self.rule(id).await?;
        let at_ms = now_ms();
        let data = json!({"test": true, "times": 1, "received_ms": at_ms});
        let happened = Happened { device: None, at_ms, time_ms: at_ms, data };
        let actions = known.rule.actions.iter();
        let new = actions.clone().map(|action| delivery(id, &known.rule, action, &happened));
        let new: Vec<_> = new.collect::<Result<_, _>>()?;
        let ids: Vec<DeliveryId> = new.iter().map(|new| new.id.clone()).collect();
        let presses = ids.iter().zip(actions).filter_map(|(id, action)| Press::of(id, action)).collect();
        write(self, Fired { deliveries: new, ..Fired::default() }, presses).await?;
        let mut deliveries = Vec::new();
        for id in ids {
            deliveries.extend(self.db.delivery(id).await?.map(shown).transpose()?);
        }
        Ok(Deliveries { deliveries })
    }

    /// What rules did, the newest first.
    pub(crate) async fn deliveries(
        &self,
        rule: Option<RuleId>,
        before: Option<u64>,
        most: u32,
    ) -> Result<Deliveries, Failure> {
        let rows = self.db.deliveries(rule, before, most).await?;
        Ok(Deliveries { deliveries: rows.into_iter().map(shown).collect::<Result<_, _>>()? })
    }

    fn shown_rule(&self, row: RuleRow) -> Result<KnownRule, Failure> {
        let secret = sign::shown(&sign::key(&self.secret, &row.id));
        let (version, created_ms, changed_ms) = (row.version, row.created_ms, row.changed_ms);
        let Known { id, rule, .. } = known(row)?;
        Ok(KnownRule { id, version, created_ms, changed_ms, secret, rule })
    }
}

/// A rule, as the machine knows it.
pub(super) fn known(row: RuleRow) -> Result<Known, Failure> {
    let rule = serde_json::from_str(&row.rule).map_err(Failure::internal)?;
    Ok(Known { id: row.id, rule, since_ms: row.changed_ms })
}

fn shown(row: DeliveryRow) -> Result<Delivery, Failure> {
    Ok(Delivery {
        action: serde_json::from_str(&row.action).map_err(Failure::internal)?,
        id: row.id,
        number: row.number,
        rule: row.rule,
        device: row.device,
        state: row.state,
        tries: row.tries,
        detail: row.detail,
        created_ms: row.created_ms,
        next_ms: row.next_ms,
        ended_ms: row.ended_ms,
    })
}

fn check(rule: &Rule) -> Result<(), Failure> {
    rule.check().map_err(|error| Failure::new(Kind::Malformed, error.to_string()))
}

fn none(id: &RuleId) -> Failure {
    Failure::new(Kind::NotFound, format!("there is no rule `{id}`"))
}
