//! Figures of all turns: medians, how they lie to ours, a table to read and JSON for scripts.

use std::fmt::Write;

use super::systems::System;

/// What a turn found.
#[derive(Clone, Debug, Default)]
pub struct Turn {
    /// From each flip to its last packet, in milliseconds.
    pub delays: Vec<f64>,
    /// Flips whose picture never came.
    pub missed: usize,
    /// Of a core, in percent.
    pub cpu: f64,
    /// Pictures a second with something new.
    pub pictures: f64,
    pub kbit: f64,
}

/// All turns of a system in a scene.
pub struct Row {
    pub system: System,
    pub turns: Vec<Turn>,
}

/// A scene.
pub struct Table {
    pub scene: String,
    /// Whether it is one that flips.
    pub flips: bool,
    pub rows: Vec<Row>,
}

/// One figure of a system.
struct Figure {
    name: &'static str,
    unit: &'static str,
    value: f64,
    /// The least and the most of a turn.
    range: Option<[f64; 2]>,
}

impl Turn {
    /// Processor time of a picture, in milliseconds.
    fn cost(&self) -> f64 {
        self.cpu * 10.0 / self.pictures
    }
}

impl Row {
    fn figures(&self, flips: bool) -> Vec<Figure> {
        let each = |name, unit, of: &dyn Fn(&Turn) -> f64| {
            let values: Vec<f64> = self.turns.iter().map(of).filter(|value| value.is_finite()).collect();
            Figure { name, unit, value: quantile(&values, 0.5), range: Some([0.0, 1.0].map(|q| quantile(&values, q))) }
        };
        let cpu = each("processor time", "% of a core", &|turn| turn.cpu);
        let kbit = each("sent", "kbit/s", &|turn| turn.kbit);
        if flips {
            let delays: Vec<f64> = self.turns.iter().flat_map(|turn| turn.delays.clone()).collect();
            let missed = self.turns.iter().map(|turn| turn.missed as f64).sum();
            let all = |name, unit, value| Figure { name, unit, value, range: None };
            let [p50, p95] = [0.5, 0.95].map(|q| quantile(&delays, q));
            return vec![
                all("delay, p50", "ms", p50),
                all("delay, p95", "ms", p95),
                all("flips", "", delays.len() as f64),
                all("missed", "", missed),
                cpu,
                kbit,
            ];
        }
        let cost = each("processor time of a picture", "ms", &Turn::cost);
        vec![cost, cpu, each("pictures", "1/s", &|turn| turn.pictures), kbit]
    }
}

/// With so much of them below it; NaN of none.
fn quantile(values: &[f64], q: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = (sorted.len().max(1) - 1) as f64 * q;
    let of = |at: f64| sorted.get(at as usize).copied().unwrap_or(f64::NAN);
    let (low, high) = (of(place.floor()), of(place.ceil()));
    low + (high - low) * place.fract()
}

/// For people.
pub fn table(table: &Table) -> String {
    let mut text = format!("{}\n", table.scene);
    let ours = table.rows.iter().find(|row| row.system == System::Playfield).map(|row| row.figures(table.flips));
    for row in &table.rows {
        for (at, figure) in row.figures(table.flips).iter().enumerate() {
            let name = if at == 0 { row.system.name() } else { "" };
            let range = figure.range.map(|[least, most]| format!("{least:.1} to {most:.1}")).unwrap_or_default();
            let ratio = ours.as_ref().filter(|_| row.system != System::Playfield && !figure.unit.is_empty());
            let ratio = ratio.map(|ours| figure.value / ours[at].value).filter(|ratio| ratio.is_finite());
            let ratio = ratio.map(|ratio| format!("{ratio:.2} of ours")).unwrap_or_default();
            let line =
                format!("  {name:10} {:28} {:>9.2} {:12} {range:>18}  {ratio}", figure.name, figure.value, figure.unit);
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{}", line.trim_end());
        }
    }
    text
}

/// For scripts, as `playfield bench --json` prints it.
pub fn json(machine: &str, tables: &[Table]) -> String {
    let mut figures = Vec::new();
    for table in tables {
        let ours = table.rows.iter().find(|row| row.system == System::Playfield).map(|row| row.figures(table.flips));
        for row in &table.rows {
            for (at, figure) in row.figures(table.flips).iter().enumerate() {
                let number = |value: f64| if value.is_finite() { format!("{value:.3}") } else { "null".to_owned() };
                let ratio = ours.as_ref().map_or(f64::NAN, |ours| figure.value / ours[at].value);
                let range =
                    figure.range.map(|range| format!(",\"least\":{},\"most\":{}", number(range[0]), number(range[1])));
                figures.push(format!(
                    "{{\"scene\":{},\"system\":\"{}\",\"name\":\"{}\",\"value\":{},\"unit\":\"{}\",\"of_ours\":{}{}}}",
                    quoted(&table.scene),
                    row.system.name(),
                    figure.name,
                    number(figure.value),
                    figure.unit,
                    number(ratio),
                    range.unwrap_or_default(),
                ));
            }
        }
    }
    format!("{{\"bench\":\"peers\",\"machine\":{},\"figures\":[\n{}\n]}}\n", quoted(machine), figures.join(",\n"))
}

/// A string of JSON.
fn quoted(text: &str) -> String {
    let escape = |c: char| match c {
        '"' | '\\' => format!("\\{c}"),
        c if c < ' ' => format!("\\u{:04x}", c as u32),
        c => c.to_string(),
    };
    format!("\"{}\"", text.chars().map(escape).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(delays: &[f64], cpu: f64, pictures: f64) -> Turn {
        Turn { delays: delays.to_vec(), missed: 0, cpu, pictures, kbit: 100.0 }
    }

    #[test]
    fn quantiles_lie_between_what_is_there() {
        let check = |values: &[f64], q: f64, expect: f64| assert_eq!(quantile(values, q), expect, "{values:?}");
        check(&[3.0, 1.0, 2.0], 0.5, 2.0);
        check(&[1.0, 2.0], 0.5, 1.5);
        check(&[5.0], 0.95, 5.0);
        assert!(quantile(&[], 0.5).is_nan());
    }

    #[test]
    fn medians_are_compared_with_ours() {
        let rows = vec![
            Row {
                system: System::Playfield,
                turns: vec![turn(&[], 30.0, 60.0), turn(&[], 90.0, 60.0), turn(&[], 36.0, 60.0)],
            },
            Row { system: System::Xpra, turns: vec![turn(&[], 72.0, 60.0)] },
        ];
        let table = Table { scene: "a \"game\"".to_owned(), flips: false, rows };
        let text = super::table(&table);
        assert!(text.contains("processor time of a picture       6.00 ms                  5.0 to 15.0"), "{text}");
        assert!(
            text.contains("processor time                   72.00 % of a core        72.0 to 72.0  2.00 of ours"),
            "{text}"
        );
        let json = json("a machine", &[table]);
        assert!(json.contains(r#"{"scene":"a \"game\"","system":"xpra","name":"processor time","value":72.000,"unit":"% of a core","of_ours":2.000,"least":72.000,"most":72.000}"#), "{json}");
    }

    #[test]
    fn delays_of_all_turns_are_one_heap() {
        let turns = vec![turn(&[1.0, 2.0], 1.0, 1.0), turn(&[30.0], 1.0, 1.0)];
        let figures = Row { system: System::Ffmpeg, turns }.figures(true);
        assert_eq!((figures[0].value, figures[2].value), (2.0, 3.0));
    }
}
