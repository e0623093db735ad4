//! Events are read in their order, and rules asked of each.

use std::collections::VecDeque;
use std::time::Duration;

use playfield_core::api::ToldEvent;
use playfield_core::id::{DeliveryId, DeviceId, RuleId};
use playfield_core::rule::{Action, Firing, Rule, Rules};
use playfield_core::time::utc;
use playfield_store::db::{DbError, DeviceEventRow, Fired, FiringRow, NewDelivery};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::keep::known;
use super::press::{self, Press};
use crate::app::Shared;
use crate::clock::now_ms;
use crate::failure::Failure;
use crate::secret::random;

/// Events that are read at a time.
const PAGE: u32 = 256;
/// Events before the last one that was read which are told again after a start, at most.
const AGAIN: u64 = 10_000;
/// How long to wait while the database does not answer.
const TROUBLE: Duration = Duration::from_secs(1);

/// Asks the rules of each event; never ends.
pub(super) async fn follow(app: &Shared) {
    let mut changed = app.rules.changed.subscribe();
    let mut told = app.cameras.told();
    let mut reader = loop {
        match Reader::begin(app).await {
            Ok(reader) => break reader,
            Err(failure) => trouble(&failure).await,
        }
    };
    let mut fresh = false;
    loop {
        fresh |= changed.has_changed().unwrap_or(false);
        changed.mark_unchanged();
        told.mark_unchanged();
        if fresh {
            match reader.learn(app).await {
                Ok(()) => fresh = false,
                Err(failure) => {
                    trouble(&failure).await;
                    continue;
                }
            }
        }
        match reader.read(app, &changed).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(failure) => {
                trouble(&failure).await;
                continue;
            }
        }
        tokio::select! {
            _ = changed.changed() => fresh = true,
            _ = told.changed() => {}
        }
    }
}

async fn trouble(failure: &Failure) {
    tracing::error!(detail = failure.detail, "rules could not go on");
    tokio::time::sleep(TROUBLE).await;
}

/// How far it was read.
struct Reader {
    rules: Rules,
    read: u64,
    /// Of it the database knows so much.
    kept: u64,
}

impl Reader {
    /// Goes on where the last process stopped; a first one begins with what comes now.
    async fn begin(app: &Shared) -> Result<Reader, Failure> {
        let read = match app.db.rules_read().await? {
            Some(read) => read,
            None => {
                let newest = app.db.newest_event().await?;
                write(app, Fired { read: Some(newest), ..Fired::default() }, Vec::new()).await?;
                newest
            }
        };
        let mut reader = Reader { rules: Rules::default(), read, kept: read };
        reader.learn(app).await?;
        reader.remember(app).await?;
        Ok(reader)
    }

    /// Tells the rules the last events again, with who fired last, so that they know what they knew.
    async fn remember(&mut self, app: &Shared) -> Result<(), Failure> {
        let mut firings = VecDeque::from(app.db.firings().await?);
        let since_ms = now_ms().saturating_sub(self.rules.memory_ms());
        let mut again = self.read.saturating_sub(AGAIN);
        while again < self.read {
            let page = app.db.events_after(again, PAGE).await?;
            let Some(last) = page.last().map(|row| row.number) else { break };
            let read = self.read;
            for row in page.into_iter().filter(|row| row.number <= read && row.received_ms >= since_ms) {
                self.fired(&mut firings, row.number - 1);
                if let Ok(told) = crate::cameras::told(row) {
                    let model = app.cameras.model(&told.device);
                    self.rules.remember(told.told.received_ms, &told.device, &model.labels, &told.told.event);
                }
            }
            again = last;
        }
        self.fired(&mut firings, u64::MAX);
        Ok(())
    }

    /// Tells the rules that they fired, of events up to this one.
    fn fired(&mut self, firings: &mut VecDeque<FiringRow>, up_to: u64) {
        while let Some(firing) = firings.pop_front_if(|firing| firing.number <= up_to) {
            self.rules.fired(&firing.rule, &firing.device, firing.at_ms);
        }
    }

    /// Learns the rules as they are kept.
    async fn learn(&mut self, app: &Shared) -> Result<(), Failure> {
        let rows = app.db.rules().await?;
        self.rules.set(rows.into_iter().map(known).collect::<Result<_, _>>()?);
        Ok(())
    }

    fn ask(&mut self, app: &Shared, row: DeviceEventRow) -> Vec<(Firing, ToldEvent)> {
        let told = match crate::cameras::told(row) {
            Ok(told) => told,
            Err(failure) => {
                tracing::error!(detail = failure.detail, "an event was left out");
                return Vec::new();
            }
        };
        let model = app.cameras.model(&told.device);
        let fired = self.rules.handle(told.told.received_ms, &told.device, &model.labels, &told.told.event);
        fired.into_iter().map(|firing| (firing, told.clone())).collect()
    }

    /// Nobody asks: it only goes on to the newest event, unless rules were changed meanwhile. True: they were.
    async fn skip(&mut self, app: &Shared, changed: &watch::Receiver<u64>) -> Result<bool, Failure> {
        let newest = app.db.newest_event().await?;
        if changed.has_changed().unwrap_or(false) {
            return Ok(true);
        }
        // Those that were read are forgotten in time, and then the newest is an older one.
        self.read = self.read.max(newest);
        if self.read - self.kept >= u64::from(PAGE) {
            write(app, Fired { read: Some(self.read), ..Fired::default() }, Vec::new()).await?;
            self.kept = self.read;
        }
        Ok(false)
    }

    /// Reads some, and writes down what follows. True: there may be more.
    async fn read(&mut self, app: &Shared, changed: &watch::Receiver<u64>) -> Result<bool, Failure> {
        if self.rules.is_empty() {
            return self.skip(app, changed).await;
        }
        let page = app.db.events_after(self.read, PAGE).await?;
        let (full, last) = (page.len() == PAGE as usize, page.last().map(|row| row.number));
        let Some(last) = last else { return Ok(false) };
        let mut fired = Vec::new();
        for row in page {
            fired.extend(self.ask(app, row));
        }
        if !fired.is_empty() || last - self.kept >= u64::from(PAGE) {
            let firings = fired.iter().map(|(firing, told)| firing_row(firing, told.number)).collect();
            let (deliveries, presses) = self.deliveries(app, fired).await?;
            write(app, Fired { read: Some(last), firings, deliveries }, presses).await?;
            self.kept = last;
        }
        self.read = last;
        Ok(full)
    }

    async fn deliveries(
        &self,
        app: &Shared,
        fired: Vec<(Firing, ToldEvent)>,
    ) -> Result<(Vec<NewDelivery>, Vec<Press>), Failure> {
        let (mut deliveries, mut presses) = (Vec::new(), Vec::new());
        for (firing, told) in fired {
            let Some(rule) = self.rules.rule(&firing.rule) else { continue };
            let name = app.db.device(firing.device.clone()).await?.map(|device| device.name).unwrap_or_default();
            let happened = Happened::of(app, &firing, told, name);
            for action in &rule.actions {
                let new = delivery(&firing.rule, rule, action, &happened)?;
                presses.extend(Press::of(&new.id, action));
                deliveries.push(new);
            }
        }
        Ok((deliveries, presses))
    }
}

/// Writes it down, and says that there is something to do. What is to be pressed is brought once it is written down.
pub(super) async fn write(app: &Shared, fired: Fired, presses: Vec<Press>) -> Result<(), DbError> {
    let some = !fired.deliveries.is_empty();
    let most = app.config.rules.waiting;
    let why = format!("more than {most} actions waited; see `waiting` under [control.rules]");
    let given_up = app.db.fire(fired, most, why, now_ms()).await?;
    if given_up > 0 {
        tracing::warn!(given_up, most, "too many actions wait: the oldest were given up");
    }
    if some {
        app.rules.added.send_modify(|count| *count += 1);
    }
    press::hand_over(app, presses).await;
    Ok(())
}

fn firing_row(firing: &Firing, number: u64) -> FiringRow {
    FiringRow { rule: firing.rule.clone(), device: firing.device.clone(), number, at_ms: firing.at_ms }
}

/// What happened, as all actions tell it.
pub(super) struct Happened {
    /// None: it is a test.
    pub device: Option<DeviceId>,
    pub at_ms: u64,
    /// When it happened, by the camera's clock.
    pub time_ms: u64,
    /// What is told of it, but for the rule.
    pub data: Value,
}

impl Happened {
    fn of(app: &Shared, firing: &Firing, told: ToldEvent, device_name: String) -> Happened {
        let model = app.cameras.model(&firing.device);
        let class = firing.event.thing.as_ref().and_then(|thing| model.labels.get(usize::from(thing.class)));
        let data = json!({
            "device": {"id": firing.device, "name": device_name},
            "times": firing.times,
            "class": class,
            "received_ms": told.told.received_ms,
            "offset_ms": told.told.offset_ms,
            "number": told.number,
            "event": firing.event,
        });
        Happened { device: Some(firing.device.clone()), at_ms: firing.at_ms, time_ms: firing.event.time_ms, data }
    }
}

/// An action to be written down. One that touches a pad is brought by its own way, and only taken for late after a while.
pub(super) fn delivery(id: &RuleId, rule: &Rule, action: &Action, happened: &Happened) -> Result<NewDelivery, Failure> {
    let delivery = DeliveryId::from_entropy(random()?);
    let wait_ms = if matches!(action, Action::Input(_) | Action::Steer(_)) { press::LATE_MS } else { 0 };
    Ok(NewDelivery {
        body: envelope(&delivery, id, rule, happened).to_string(),
        id: delivery,
        rule: id.clone(),
        device: happened.device.clone(),
        action: serde_json::to_string(action).map_err(Failure::internal)?,
        destination: destination(action),
        created_ms: happened.at_ms,
        due_ms: happened.at_ms.saturating_add(wait_ms),
        ended: None,
    })
}

/// CloudEvents 1.0, in its JSON form.
fn envelope(delivery: &DeliveryId, id: &RuleId, rule: &Rule, happened: &Happened) -> Value {
    let mut data = happened.data.clone();
    data["rule"] = json!({"id": id, "name": rule.name});
    let (kind, source) = match &happened.device {
        Some(device) => ("playfield.rule.fired", format!("/api/v1/devices/{device}")),
        None => ("playfield.rule.test", format!("/api/v1/rules/{id}")),
    };
    json!({
        "specversion": "1.0",
        "id": delivery,
        "source": source,
        "type": kind,
        "subject": rule.name,
        "time": utc(happened.time_ms),
        "datacontenttype": "application/json",
        "data": data,
    })
}

/// What waits for each other: all of one host, and all of a kind where there is one server.
fn destination(action: &Action) -> String {
    match action {
        Action::Webhook { url } => {
            let host = url.split("://").nth(1).and_then(|rest| rest.split(['/', '?', '#']).next());
            format!("webhook {}", host.unwrap_or_default().to_ascii_lowercase())
        }
        Action::Mqtt { .. } => "mqtt".to_owned(),
        Action::Mail { .. } => "mail".to_owned(),
        Action::Input(_) | Action::Steer(_) => "input".to_owned(),
    }
}
