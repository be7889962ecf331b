"use strict";
(function() {
	// reports/format.ts
	const SCALES = [
		{
			from: 1e12,
			name: "T"
		},
		{
			from: 1e9,
			name: "G"
		},
		{
			from: 1e6,
			name: "M"
		},
		{
			from: 1e3,
			name: "k"
		}
	];
	function digits(value) {
		const size = Math.abs(value);
		if (size >= 100) return value.toFixed(0);
		return value.toFixed(size >= 10 ? 1 : 2).replace(/\.?0+$/, "");
	}
	function scaled(value, unit) {
		if (!Number.isFinite(value)) return "∞";
		const size = Math.abs(value);
		for (const { from, name } of SCALES) if (size >= from * .9995) return `${digits(value / from)} ${name}${unit}`;
		return `${digits(value)} ${unit}`;
	}
	function formatBytes(bytes) {
		return scaled(bytes, "B");
	}
	function formatDuration(ms) {
		const size = Math.abs(ms);
		if (size >= 36e5) return `${Math.floor(ms / 36e5)} h ${Math.round(size % 36e5 / 6e4)} min`;
		if (size >= 12e4) return `${Math.floor(ms / 6e4)} min ${Math.round(size % 6e4 / 1e3)} s`;
		if (size >= 1e3) return `${digits(ms / 1e3)} s`;
		if (size >= 1 || size === 0) return `${digits(ms)} ms`;
		return `${digits(ms * 1e3)} µs`;
	}
	const sharesAtMost = 1e3;
	function formatShare(share) {
		if (share >= sharesAtMost) return Number.isFinite(share) ? `×${formatCount(Math.round(share))}` : "∞";
		const percent = share * 100;
		return `${Math.abs(percent) > 0 && Math.abs(percent) < .1 ? percent.toPrecision(1) : digits(percent)} %`;
	}
	function formatCount(count) {
		if (!Number.isInteger(count)) return Math.abs(count) >= 1e3 ? scaled(count, "").trimEnd() : digits(count);
		return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
	}
	function formatValue(value, unit) {
		switch (unit) {
			case "bytes": return formatBytes(value);
			case "bytesPerSecond": return Number.isFinite(value) ? `${formatBytes(value)}/s` : "∞";
			case "perSecond": return `${formatCount(value)}/s`;
			case "ms": return formatDuration(value);
			case "seconds": return formatDuration(value * 1e3);
			case "share": return formatShare(value);
			case "count": return formatCount(value);
		}
	}
	function verdictMark({ ok, exitCode }) {
		return ok ? "✓" : exitCode === 4 ? "?" : "✗";
	}
	function printable(text, charsMax = 2e3) {
		const line = text.toWellFormed().replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, "�");
		return line.length > charsMax ? `${line.slice(0, charsMax - 1)}…` : line;
	}
	// reports/html/dom.ts
	function element(tag, options = {}, children = []) {
		const made = document.createElement(tag);
		if (options.class) made.className = options.class;
		if (options.text !== void 0) made.textContent = options.text;
		for (const [name, value] of Object.entries(options.attributes ?? {})) made.setAttribute(name, value);
		for (const child of children) if (child) made.append(child);
		return made;
	}
	function button(text, onPress, options = {}) {
		const made = element("button", {
			...options,
			text,
			attributes: {
				type: "button",
				...options.attributes
			}
		});
		made.addEventListener("click", onPress);
		return made;
	}
	function section(title, children, className = "") {
		const kept = children.filter((child) => child !== null);
		if (kept.length === 0) return null;
		return element("section", { class: `card ${className}` }, [element("h2", { text: title }), ...kept]);
	}
	function sortableTable(columns, rows, rowClass) {
		const body = element("tbody");
		const fill = (sorted) => body.replaceChildren(...sorted.map((row) => element("tr", { class: rowClass?.(row) ?? "" }, columns.map((column) => {
			const content = column.cell(row);
			const attributes = { "data-title": column.title };
			const options = {
				class: column.numeric ? "number" : "",
				attributes
			};
			return typeof content === "string" ? element("td", {
				...options,
				text: content
			}) : element("td", options, [content]);
		}))));
		const headings = columns.map((column) => {
			const heading = element("th", {
				class: column.numeric ? "number" : "",
				attributes: { scope: "col" }
			});
			const { key } = column;
			if (!key) heading.textContent = column.title;
			else heading.append(button(column.title, () => {
				const was = heading.getAttribute("aria-sort");
				const direction = was === null ? column.numeric ? -1 : 1 : was === "ascending" ? -1 : 1;
				for (const other of headings) other.removeAttribute("aria-sort");
				heading.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
				fill([...rows].sort((a, b) => key(a) < key(b) ? -direction : key(a) > key(b) ? direction : 0));
			}));
			return heading;
		});
		fill(rows);
		return element("div", { class: "scroll" }, [element("table", {}, [element("thead", {}, [element("tr", {}, headings)]), body])]);
	}
	// reports/html/theme.ts
	const listeners = [];
	function colourOf(property) {
		return getComputedStyle(document.documentElement).getPropertyValue(property).trim();
	}
	function onThemeChange(listener) {
		listeners.push(listener);
	}
	function setTheme(theme) {
		document.documentElement.dataset.theme = theme;
		for (const listener of listeners) listener();
	}
	function themeButton() {
		const system = matchMedia("(prefers-color-scheme: dark)");
		setTheme(system.matches ? "dark" : "light");
		system.addEventListener("change", () => setTheme(system.matches ? "dark" : "light"));
		let onScreen = "light";
		addEventListener("beforeprint", () => {
			onScreen = document.documentElement.dataset.theme === "dark" ? "dark" : "light";
			document.documentElement.dataset.printing = "true";
			setTheme("light");
		});
		addEventListener("afterprint", () => {
			delete document.documentElement.dataset.printing;
			setTheme(onScreen);
		});
		return button("◐", () => setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"), {
			class: "quiet",
			attributes: {
				"aria-label": "Dark or light",
				title: "Dark or light"
			}
		});
	}
	// reports/html/small-chart.ts
	const plainAxis = {
		stroke: () => colourOf("--dim"),
		grid: {
			stroke: () => colourOf("--grid"),
			width: 1
		},
		ticks: { show: false },
		font: "11px system-ui, sans-serif"
	};
	const valueIn = (unit) => (_plot, value) => value === null ? "–" : formatValue(value, unit);
	function drawIn(place, heightPx, make) {
		requestAnimationFrame(() => {
			const plot = make(place.clientWidth);
			onThemeChange(() => plot.redraw(false, true));
			new ResizeObserver(() => plot.width !== place.clientWidth && plot.setSize({
				width: place.clientWidth,
				height: heightPx
			})).observe(place);
		});
	}
	// reports/html/verdict-class.ts
	function verdictClass({ ok, exitCode }) {
		return ok ? "ok" : exitCode === 4 ? "unknown" : "over";
	}
	// reports/html/trends-page.ts
	const CHART_PX = 120;
	function startTrends() {
		const data = JSON.parse(document.getElementById("report")?.textContent ?? "");
		const top = element("div", { class: "top" }, [element("span", {
			class: "brand",
			text: "floodgate trends"
		}), themeButton()]);
		const main = element("main");
		document.body.replaceChildren(top, main);
		const groups = Map.groupBy(data.runs, (run) => `${run.scenario}\0${run.lane}\0${run.defect ?? ""}`);
		for (const runs of groups.values()) main.append(scenarioCard(runs));
		const missing = data.unreadable.map(({ name, why }) => element("p", {
			class: "warning",
			text: `${printable(name, 200)}: ${printable(why, 300)}`
		}));
		if (data.left > 0) missing.push(element("p", {
			class: "dim",
			text: `${data.left} older runs are not shown.`
		}));
		const all = section("Runs", [data.runs.length > 0 ? runTable(data.runs.toReversed()) : element("p", { text: "No run is here yet." }), ...missing]);
		if (all) main.append(all);
		document.documentElement.dataset.ready = "true";
	}
	function scenarioCard(runs) {
		const latest = runs.at(-1);
		const title = `${printable(latest.scenario, 100)}, ${latest.lane} lane${latest.defect === null ? "" : `, defect ${printable(latest.defect, 60)}`}`;
		const grid = element("div", { class: "trend-grid" });
		const drawn = runs.length > 1 ? latest.budgets.filter(({ name }) => !isAlwaysZero(runs, name)) : [];
		for (const { name, unit } of drawn) grid.append(budgetChart(runs, name, unit));
		const zero = latest.budgets.filter(({ name }) => isAlwaysZero(runs, name)).map(({ name }) => printable(name, 60));
		return element("section", { class: `card scenario-trend ${verdictClass(latest)}` }, [
			element("h2", { text: `${verdictMark(latest)} ${title}` }),
			element("p", {
				class: "dim",
				text: `${runs.length} run${runs.length === 1 ? "" : "s"}; the latest: ${printable(latest.headline, 200)}`
			}),
			drawn.length > 0 ? grid : null,
			runs.length > 1 && zero.length > 0 ? element("p", {
				class: "dim",
				text: `In every run 0: ${zero.join(", ")}.`
			}) : null
		]);
	}
	function isAlwaysZero(runs, name) {
		return runs.every((run) => run.budgets.every((each) => each.name !== name || each.actual === 0));
	}
	function budgetChart(runs, name, unit) {
		const rows = runs.map((run) => ({
			run,
			budget: run.budgets.find((each) => each.name === name)
		}));
		const actual = rows.map(({ budget }) => budget?.actual ?? null);
		const limit = rows.map(({ budget }) => budget?.limit ?? null);
		const place = element("div", { class: "trend" }, [element("h3", { text: printable(name, 60) })]);
		const value = valueIn(unit);
		drawIn(place, CHART_PX, (width) => {
			const options = {
				width,
				height: CHART_PX,
				scales: {
					x: {
						time: false,
						range: [-.5, Math.max(.5, runs.length - .5)]
					},
					y: { range: (_plot, low, high) => [Math.min(0, low ?? 0), (high || 1) * 1.1] }
				},
				cursor: {
					y: false,
					drag: {
						x: false,
						y: false
					}
				},
				axes: [{
					...plainAxis,
					show: false
				}, {
					...plainAxis,
					size: 66,
					space: 24,
					values: (_plot, ticks) => ticks.map((tick) => formatValue(tick, unit))
				}],
				series: [
					{
						label: "run",
						value: (_plot, index) => index === null ? "" : runs[Math.round(index)]?.startedAt.slice(0, 16).replace("T", " ") ?? ""
					},
					{
						label: "actual",
						stroke: () => colourOf("--s3"),
						width: 2,
						points: {
							show: true,
							size: 5,
							fill: () => colourOf("--s3")
						},
						value
					},
					{
						label: "limit",
						stroke: () => colourOf("--bad"),
						width: 1,
						dash: [5, 4],
						points: { show: false },
						value
					}
				]
			};
			const plot = new uPlot(options, [
				runs.map((_, i) => i),
				actual,
				limit
			], place);
			plot.over.addEventListener("click", () => {
				const run = plot.cursor.idx === null || plot.cursor.idx === void 0 ? void 0 : runs[plot.cursor.idx];
				if (run) location.assign(run.href);
			});
			return plot;
		});
		return place;
	}
	function runTable(runs) {
		return sortableTable([
			{
				title: "",
				cell: (run) => element("span", {
					class: `mark ${verdictClass(run)}`,
					text: verdictMark(run)
				}),
				key: (run) => run.ok ? 1 : 0
			},
			{
				title: "Run",
				key: (run) => run.startedSeconds,
				cell: (run) => element("a", {
					class: "tight",
					text: printable(run.startedAt.slice(0, 19).replace("T", " "), 40),
					attributes: { href: run.href }
				})
			},
			{
				title: "Scenario",
				key: (run) => run.scenario,
				cell: (run) => printable(run.scenario, 100)
			},
			{
				title: "Lane",
				key: (run) => run.lane,
				cell: (run) => run.lane
			},
			{
				title: "Version",
				key: (run) => run.version,
				cell: (run) => printable(run.version, 60)
			},
			{
				title: "Verdict",
				cell: (run) => element("span", {
					class: "prose",
					text: `${run.partial ? "partial: " : ""}${printable(run.headline, 300)}`
				})
			}
		], runs);
	}
	// page-entry
	startTrends();
})();
