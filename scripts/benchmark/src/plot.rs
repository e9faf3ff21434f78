//! The plot of cost against size.

use std::{collections::BTreeMap, path::Path};

use anyhow::anyhow;
use plotters::prelude::*;

use crate::measure::Row;

/// Pixels.
const SIZE: (u32, u32) = (900, 520);

/// What is drawn: one of each sort, so that the lines can be told apart.
const DRAWN: [&str; 9] = [
    "create user",
    "get user by id",
    "PATCH, identity unchanged",
    "middle page of 100",
    "full crawl by cursor",
    "filter without an index",
    "add one member",
    "group with members",
    "PUT of half the members",
];

/// Draws units of operations against size, both logarithmic; those that were measured at one size only are left out.
pub(crate) fn draw(rows: &[Row], path: &Path) -> anyhow::Result<()> {
    let lines = lines(rows);
    let Some((sizes, units)) = bounds(&lines) else { return Ok(()) };
    let area = SVGBackend::new(path, SIZE).into_drawing_area();
    let failed = |error: &dyn std::fmt::Display| anyhow!("drawing {}: {error}", path.display());
    area.fill(&WHITE).map_err(|error| failed(&error))?;
    let mut chart = ChartBuilder::on(&area)
        .caption("Capacity units of one request, by size", ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(56)
        // Room for the names on the right.
        .build_cartesian_2d((sizes.0..sizes.1 * 40.0).log_scale(), (units.0..units.1).log_scale())
        .map_err(|error| failed(&error))?;
    chart
        .configure_mesh()
        .x_desc("users of the directory, or members of the group")
        .y_desc("read and write units")
        .draw()
        .map_err(|error| failed(&error))?;
    for (nth, (operation, points)) in lines.iter().enumerate() {
        let color = Palette99::pick(nth).to_rgba();
        chart
            .draw_series(LineSeries::new(points.iter().copied(), color.stroke_width(2)))
            .map_err(|error| failed(&error))?
            .label(operation.clone())
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], color.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::MiddleRight)
        .background_style(WHITE.mix(0.85))
        .label_font(("sans-serif", 11))
        .draw()
        .map_err(|error| failed(&error))?;
    area.present().map_err(|error| failed(&error))
}

#[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^52")]
fn lines(rows: &[Row]) -> BTreeMap<String, Vec<(f64, f64)>> {
    let mut lines: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
    for row in rows.iter().filter(|row| DRAWN.contains(&row.operation.as_str())) {
        let units = row.read_units + row.write_units;
        lines.entry(row.operation.clone()).or_default().push((row.size as f64, units.max(0.5)));
    }
    lines.retain(|_, points| points.len() > 1);
    lines
}

/// The smallest and the largest size, and the same of units.
fn bounds(lines: &BTreeMap<String, Vec<(f64, f64)>>) -> Option<((f64, f64), (f64, f64))> {
    let all = || lines.values().flatten();
    let range = |of: fn(&(f64, f64)) -> f64| {
        let least = all().map(of).min_by(f64::total_cmp)?;
        Some((least, all().map(of).max_by(f64::total_cmp)?))
    };
    let (sizes, (least, most)) = (range(|point| point.0)?, range(|point| point.1)?);
    Some((sizes, (least / 2.0, most * 2.0)))
}
