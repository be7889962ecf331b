"use strict";
(function() {
	// reports/comparison.ts
	function judgedMetrics(scenario) {
		const order = [
			"worse",
			"undecided",
			"notMeasured",
			"within"
		];
		return scenario.metrics.filter(({ decision }) => decision !== "shown").sort((a, b) => order.indexOf(a.decision) - order.indexOf(b.decision));
	}
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
		const size = Math.abs(value);
		for (const { from, name } of SCALES) if (size >= from * .9995) return `${digits(value / from)} ${name}${unit}`;
		return `${digits(value)} ${unit}`;
	}
	function formatBytes(bytes) {
		return scaled(bytes, "B");
	}
	function formatDifference(value, unit) {
		const text = formatValue(Math.abs(value), unit);
		return value < 0 ? `−${text}` : `+${text}`;
	}
	function formatDuration(ms) {
		const size = Math.abs(ms);
		if (size >= 36e5) return `${Math.floor(ms / 36e5)} h ${Math.round(size % 36e5 / 6e4)} min`;
		if (size >= 12e4) return `${Math.floor(ms / 6e4)} min ${Math.round(size % 6e4 / 1e3)} s`;
		if (size >= 1e3) return `${digits(ms / 1e3)} s`;
		if (size >= 1 || size === 0) return `${digits(ms)} ms`;
		return `${digits(ms * 1e3)} µs`;
	}
	function formatShare(share) {
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
			case "bytesPerSecond": return `${formatBytes(value)}/s`;
			case "perSecond": return `${formatCount(value)}/s`;
			case "ms": return formatDuration(value);
			case "seconds": return formatDuration(value * 1e3);
			case "share": return formatShare(value);
			case "count": return formatCount(value);
		}
	}
	function verdictWord({ ok, exitCode }) {
		if (ok) return "PASS";
		return exitCode === 3 ? "STOPPED" : exitCode === 4 ? "UNDECIDED" : "FAIL";
	}
	function printable(text, charsMax = 2e3) {
		const line = text.toWellFormed().replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, "�");
		return line.length > charsMax ? `${line.slice(0, charsMax - 1)}…` : line;
	}
	function formatSite(site) {
		const where = site.thread ? ` in ${printable(site.thread, 100)}` : "";
		const name = printable(site.functionName || "(anonymous)", 200) + where;
		if (site.file === "") return name;
		return `${printable(site.file, 300)}${site.line > 0 ? `:${site.line}` : ""} ${name}`;
	}
	function excerptTitle({ file, line, note }) {
		return `${printable(file, 300)}:${line}, ${printable(note, 200)}`;
	}
	function formatExcerpt({ lines, firstLine, line }) {
		const width = String(firstLine + lines.length - 1).length;
		return lines.map((text, i) => {
			const number = firstLine + i;
			return `${number === line ? ">" : " "} ${String(number).padStart(width)} | ${printable(text.replaceAll("	", "  "), 160)}`;
		});
	}
	// reports/comparison-sentence.ts
	const manyfold = 10;
	function formatChange(change) {
		if (change === null) return "–";
		if (change >= manyfold) return `×${Math.round(change + 1)}`;
		return change < 0 ? `−${formatShare(-change)}` : `+${formatShare(change)}`;
	}
	function formatSiteChange({ baseBytes, headBytes, errorBytes }) {
		const difference = (headBytes ?? 0) - (baseBytes ?? 0);
		return `${baseBytes === null ? "new" : headBytes === null ? "gone" : formatChange(difference / baseBytes)} (${formatDifference(difference, "bytes")} ± ${formatBytes(errorBytes)})`;
	}
	function formatInterval({ changeLow, changeHigh }) {
		return changeLow === null || changeHigh === null ? "" : `${formatChange(changeLow)} … ${formatChange(changeHigh)}`;
	}
	function formatLimit({ threshold }) {
		return threshold === null ? "" : `+${formatShare(threshold)}`;
	}
	function formatMedian(value, unit) {
		return value === null ? "–" : formatValue(value, unit);
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
	function commandLine(command) {
		const copy = button("Copy", () => {
			navigator.clipboard?.writeText(printable(command)).then(() => void (copy.textContent = "Copied"), () => void (copy.textContent = "Select it by hand"));
		});
		return element("div", { class: "command" }, [element("code", { text: printable(command) }), copy]);
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
	const valueAxis = (unit, widthPx = 74) => ({
		...plainAxis,
		size: widthPx,
		space: 24,
		values: (_plot, ticks) => ticks.map((tick) => formatValue(tick, unit))
	});
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
	// reports/html/source-panel.ts
	function sourcePanel(excerpt, isOpen = false) {
		const panel = element("details", {}, [element("summary", { text: excerptTitle(excerpt) }), element("pre", { text: formatExcerpt(excerpt).join("\n") })]);
		panel.open = isOpen;
		return panel;
	}
	// reports/html/verdict-class.ts
	function verdictClass({ ok, exitCode }) {
		return ok ? "ok" : exitCode === 4 ? "unknown" : "over";
	}
	// reports/html/comparison-page.ts
	const chartPx = 150;
	const looks = {
		worse: {
			mark: "✗",
			class: "over",
			word: "worse"
		},
		within: {
			mark: "✓",
			class: "ok",
			word: "within its threshold"
		},
		undecided: {
			mark: "?",
			class: "unknown",
			word: "undecided"
		},
		notMeasured: {
			mark: "?",
			class: "unknown",
			word: "not measured"
		},
		shown: {
			mark: "",
			class: "",
			word: "not judged"
		}
	};
	function startComparison() {
		const report = JSON.parse(document.getElementById("report")?.textContent ?? "");
		const brand = element("span", {
			class: "brand",
			text: "floodgate compare"
		});
		const top = element("div", { class: "top" }, [brand, themeButton()]);
		const main = element("main", {}, [banner(report), ...report.scenarios.map((each) => scenarioCard(each, report.timelines))]);
		document.body.replaceChildren(top, main);
		document.documentElement.dataset.ready = "true";
	}
	function banner(report) {
		const pairs = report.scenarios.reduce((sum, each) => sum + each.pairs, 0);
		return element("header", { class: `verdict card ${verdictClass(report.verdict)}` }, [element("div", {
			class: "word",
			text: report.verdict.exitCode === 1 ? "WORSE" : verdictWord(report.verdict)
		}), element("div", {}, [
			element("h1", { text: printable(report.verdict.headline).replace(/^[A-Z ]+: /, "") }),
			element("p", { text: `Base ${version(report.base)}, head ${version(report.head)}.` }),
			element("p", {
				class: "dim",
				text: `${pairs} interleaved pairs on one machine in ${formatDuration(report.durationMs)}. A verdict is wrong in at most ${formatShare(report.errorRate)} of cases.`
			}),
			commandLine(report.command)
		])]);
	}
	function version({ label, commit, dirty }) {
		const name = printable(label, 200);
		return commit === null ? name : `${name} (${printable(commit.slice(0, 10))}${dirty ? ", with changes" : ""})`;
	}
	function scenarioCard(scenario, timelines) {
		const judged = judgedMetrics(scenario);
		const shown = scenario.metrics.filter(({ decision }) => decision === "shown");
		const method = scenario.method === "numbers" ? "repeats agree, so numbers are compared" : `${scenario.pairs} pairs`;
		return element("article", { class: "card comparison" }, [
			element("h2", { text: `${printable(scenario.name, 200)}: ${scenario.lane} lane, ${method}` }),
			judged.length > 0 ? metricTable(judged) : element("p", {
				class: "warning",
				text: "No metric has a threshold."
			}),
			...scenario.notes.map((note) => element("p", {
				class: note.severity === "warning" ? "warning" : "dim",
				text: printable(note.text)
			})),
			section("By call site, a request", scenario.sites.length > 0 ? [siteTable(scenario.sites), ...sourcePanels(scenario.sites)] : [], "inner"),
			section("Every pair", pairCharts(judged), "inner"),
			section("Resident memory over time", timelines.filter((each) => each.scenario === scenario.name).map(timelineChart), "inner"),
			shown.length === 0 ? null : element("details", {}, [element("summary", { text: `Figures that are not judged (${shown.length})` }), metricTable(shown)])
		]);
	}
	function metricTable(metrics) {
		const reach = Math.max(...metrics.map(reachOf));
		return sortableTable([
			{
				title: "",
				cell: ({ decision }) => element("span", {
					class: `mark ${looks[decision].class}`,
					text: looks[decision].mark,
					attributes: { title: looks[decision].word }
				})
			},
			{
				title: "Metric",
				cell: nameCell,
				key: ({ name }) => name
			},
			{
				title: "Change",
				numeric: true,
				cell: ({ change }) => formatChange(change),
				key: ({ change }) => change ?? 0
			},
			{
				title: "Interval and limit",
				cell: (metric) => strip(metric, reach)
			},
			{
				title: "Base",
				numeric: true,
				cell: ({ baseMedian, unit }) => formatMedian(baseMedian, unit)
			},
			{
				title: "Head",
				numeric: true,
				cell: ({ headMedian, unit }) => formatMedian(headMedian, unit)
			},
			{
				title: "Limit",
				numeric: true,
				cell: formatLimit
			},
			{
				title: "Would have been seen",
				numeric: true,
				cell: ({ detectable }) => detectable === null ? "" : `≥ ${formatChange(detectable)}`
			}
		], metrics, ({ decision }) => looks[decision].class);
	}
	function nameCell({ name, decision, note }) {
		const why = note === "" ? looks[decision].word : `${looks[decision].word}: ${printable(note, 300)}`;
		return element("div", {}, [element("code", { text: printable(name, 200) }), decision === "shown" ? null : element("div", {
			class: "dim prose",
			text: why
		})]);
	}
	function reachOf({ changeLow, changeHigh, threshold }) {
		const ends = [
			changeLow ?? 0,
			changeHigh ?? 0,
			threshold ?? 0
		].map(Math.abs);
		return Math.min(10, Math.max(.005, ...ends) * 1.15);
	}
	function strip(metric, reach) {
		const { change, changeLow, changeHigh, threshold } = metric;
		if (change === null) return document.createTextNode("");
		const at = (value) => `${(50 + Math.max(-reach, Math.min(reach, value)) / reach * 50).toFixed(2)}%`;
		const place = (kind, value) => {
			const line = element("span", { class: kind });
			line.style.left = at(value);
			return line;
		};
		const parts = [place("zero", 0), place("estimate", change)];
		if (changeLow !== null && changeHigh !== null) {
			const bar = place("interval", changeLow);
			bar.style.right = `calc(100% - ${at(changeHigh)})`;
			parts.unshift(bar);
		}
		if (threshold !== null) parts.push(place("limit", threshold));
		const interval = formatInterval(metric);
		const label = `${formatChange(change)}${interval === "" ? "" : `, between ${interval}`}${threshold === null ? "" : `, limit ${formatLimit(metric)}`}`;
		const options = {
			class: `strip ${looks[metric.decision].class}`,
			attributes: {
				role: "img",
				"aria-label": label,
				title: label
			}
		};
		return element("div", options, parts);
	}
	function siteTable(sites) {
		const bytes = (value) => value === null ? "–" : formatValue(value, "bytes");
		return sortableTable([
			{
				title: "Function",
				cell: (site) => element("code", { text: formatSite(site) })
			},
			{
				title: "Base",
				numeric: true,
				cell: (site) => bytes(site.baseBytes),
				key: (site) => site.baseBytes ?? 0
			},
			{
				title: "Head",
				numeric: true,
				cell: (site) => bytes(site.headBytes),
				key: (site) => site.headBytes ?? 0
			},
			{
				title: "Change",
				numeric: true,
				cell: formatSiteChange,
				key: (site) => (site.headBytes ?? 0) - (site.baseBytes ?? 0)
			}
		], sites);
	}
	function sourcePanels(sites) {
		return sites.flatMap(({ source }) => source === null ? [] : [source]).map((source, at) => sourcePanel(source, at === 0));
	}
	function timelineChart({ pair, tMs, base, head }) {
		const place = element("div", { class: "trend pairs" }, [element("p", {
			class: "dim",
			text: `Pair ${pair}, whose ratio of peaks is the middle one; the traffic begins at 0.`
		})]);
		drawOverlaid(place, {
			unit: "bytes",
			xLabel: "s",
			x: tMs.map((each) => each / 1e3),
			base,
			head,
			xAxis: {
				size: 24,
				space: 60,
				values: (_plot, ticks) => ticks.map((tick) => `${tick} s`)
			},
			look: () => ({
				width: 1.5,
				points: { show: false }
			})
		});
		return place;
	}
	function pairCharts(metrics) {
		const drawn = metrics.filter(({ base, head }) => base.length > 1 && [...base, ...head].some((value) => value !== null));
		return drawn.length === 0 ? [] : [element("div", { class: "trend-grid" }, drawn.map(pairChart))];
	}
	function pairChart({ name, unit, base, head }) {
		const place = element("div", { class: "trend pairs" }, [element("h3", { text: printable(name, 60) })]);
		drawOverlaid(place, {
			unit,
			xLabel: "pair",
			x: base.map((_, i) => i + 1),
			base,
			head,
			xAxis: {
				size: 24,
				incrs: [
					1,
					2,
					5,
					10
				]
			},
			range: [.5, base.length + .5],
			look: (colour) => ({
				width: 1,
				points: {
					show: true,
					size: 7,
					fill: () => colourOf(colour)
				}
			})
		});
		return place;
	}
	function drawOverlaid(place, { unit, xLabel, x, base, head, xAxis, range, look }) {
		const series = (label, colour) => ({
			label,
			stroke: () => colourOf(colour),
			...look(colour),
			value: valueIn(unit)
		});
		drawIn(place, chartPx, (width) => {
			const options = {
				width,
				height: chartPx,
				scales: { x: {
					time: false,
					...range && { range }
				} },
				cursor: {
					y: false,
					drag: {
						x: false,
						y: false
					}
				},
				axes: [{
					...plainAxis,
					...xAxis
				}, valueAxis(unit)],
				series: [
					{ label: xLabel },
					series("base", "--s2"),
					series("head", "--s3")
				]
			};
			return new uPlot(options, [
				[...x],
				[...base],
				[...head]
			], place);
		});
	}
	// page-entry
	startComparison();
})();
