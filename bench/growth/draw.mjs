// The curves of docs/scale, as SVG: `node draw.mjs figures.json FOLDER`. ECharts draws them, from
// the console's own packages.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const assets = new URL("../../api/console/assets/package.json", import.meta.url);
const echarts = createRequire(assets)("echarts");
const [, , figures, folder] = process.argv;
const found = JSON.parse(readFileSync(figures, "utf8"));

// name: [rows, member of the x axis, [[member, what it is]], unit of the y axis, figures times this]
const CURVES = {
  fronts: [found.fronts, "fronts", [["per_second", "调用/秒 calls/s"]], "/s"],
  appends: [found.log, "entries", [["appends_per_second", "追加/秒 appends/s"], ["inclusion_per_second", "包含证明/秒 proofs/s"]], "/s"],
  trace: [found.log, "entries", [["trace_median_ms", "中位数 median"], ["trace_p99_ms", "p99"]], "ms"],
  restart: [found.log, "entries", [["restart_seconds", "重启到首次应答 restart to first answer"]], "s"],
  disk: [found.log, "entries", [["bytes_per_entry", "每百万次调用的磁盘 disk of a million calls"]], "GB", 1e6 / 1e9],
  search: [found.search, "entries", [["median_ms", "中位数 median"], ["p99_ms", "p99"]], "ms"],
  sync: [found.sync, "decisions", [["per_second", "决定/秒 decisions/s"]], "/s"],
  catchup: [found.sync, "decisions", [["catch_up_seconds", "空节点追上 an empty node has caught up"]], "s"],
};

for (const [name, [rows, x, lines, unit, times = 1]] of Object.entries(CURVES)) {
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width: 560, height: 280 });
  chart.setOption({
    animation: false,
    backgroundColor: "#ffffff",
    color: ["#1f4e8c", "#b4542a"],
    legend: { top: 4 },
    grid: { left: 64, right: 24, top: 40, bottom: 40 },
    xAxis: { type: x === "fronts" ? "value" : "log", interval: 1, min: "dataMin", max: "dataMax", name: x, nameLocation: "middle", nameGap: 26 },
    yAxis: { type: "value", name: unit, min: 0 },
    series: lines.map(([member, label]) => ({
      type: "line", name: label, symbolSize: 7, data: rows.map((row) => [row[x], row[member] * times]),
    })),
  });
  writeFileSync(join(folder, `${name}.svg`), `${chart.renderToSVGString()}\n`);
  chart.dispose();
}
