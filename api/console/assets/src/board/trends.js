// Calls by hour and by day, as charts: today's over yesterday's, and the last fortnight.
import { init } from "../charts.js";

const COLOURS = { served: "#3fa0e6", refused: "#ffb454", before: "#8fa3bb" };
const grid = { left: 4, right: 8, top: 10, bottom: 2, containLabel: true };

function options(labels, interval) {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const text = { color: "#9db0c6", fontSize: Math.max(11, Math.round(innerWidth / 150)) };
  return {
    animation: !still,
    grid,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
    xAxis: { type: "category", data: labels, axisLabel: { ...text, interval }, axisTick: { show: false }, axisLine: { lineStyle: { color: "#35506e" } } },
    yAxis: { type: "value", minInterval: 1, splitNumber: 3, axisLabel: text, splitLine: { lineStyle: { color: "#1b2d44" } } },
  };
}

const bar = (name, data) => ({ name, type: "bar", stack: "calls", data, itemStyle: { color: COLOURS[name] }, barCategoryGap: "25%" });

/** Open both charts; `update` shows a state of the board. */
export function openTrends(hours, days) {
  const all = [init(hours), init(days)];
  const sized = new ResizeObserver(() => all.forEach((chart) => chart.resize()));
  sized.observe(hours);
  sized.observe(days);
  all[0].setOption(options([...Array(24).keys()], 3));
  let labels = "";
  const update = (state) => {
    all[0].setOption({ series: [
      bar("served", state.hours.map(([served]) => served)),
      bar("refused", state.hours.map(([, refused]) => refused)),
      { name: "before", type: "line", data: state.yesterday, symbol: "none", lineStyle: { color: COLOURS.before, width: 1, type: "dashed" } },
    ] });
    const named = state.days.map(([day]) => day);
    if (labels !== named.join()) all[1].setOption(options(named, "auto"));
    labels = named.join();
    all[1].setOption({ series: [
      bar("served", state.days.map(([, served]) => served)),
      bar("refused", state.days.map(([, , refused]) => refused)),
    ] });
  };
  return { update };
}
