// Charts, loaded by the pages that have some: an element with data-chart holds its options as JSON.
import { init, use } from "echarts/core";
import { BarChart, GraphChart, LineChart, LinesChart, PieChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, TitleComponent, TooltipComponent } from "echarts/components";
import { CanvasRenderer } from "echarts/renderers";

use([
  AriaComponent, BarChart, CanvasRenderer, GraphChart, GridComponent, LegendComponent, LineChart,
  LinesChart, PieChart, TitleComponent, TooltipComponent,
]);

export { init };

for (const place of document.querySelectorAll("[data-chart]")) {
  const chart = init(place);
  chart.setOption({ aria: { enabled: true }, ...JSON.parse(place.dataset.chart) });
  addEventListener("resize", () => chart.resize());
}
