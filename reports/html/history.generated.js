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
	// reports/html/history-words.ts
	function timeWords({ startedAt }) {
		return printable(startedAt.slice(0, 16).replace("T", " "), 40);
	}
	function commitWords({ commit, dirty, subject, branch }) {
		if (commit === null) return "–";
		const where = branch === null || branch === "main" ? "" : ` (${printable(branch, 40)})`;
		return `${commit.slice(0, 8)}${dirty ? "+" : ""}${where} ${printable(subject ?? "", 60)}`.trim();
	}
	function runAddress({ id }) {
		return `./run/${encodeURIComponent(id)}`;
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
	// reports/html/history-chart.ts
	const chartPx = 140;
	const pointsShownMax = 120;
	function historyChart(runs, metric, choice) {
		const place = element("div", { class: "trend" }, [element("h3", { text: printable(metric.name, 60) }), element("p", {
			class: "dim",
			text: latestWords(metric)
		})]);
		const chart = element("div");
		place.append(chart, ...noteLines(runs, metric));
		drawIn(chart, chartPx, (width) => {
			const { values, limits, baseline } = metric;
			const level = baseline === null ? [] : [runs.map(() => baseline.value)];
			const lines = hasLimit(metric) ? [[...limits], ...level] : level;
			const plot = new uPlot(optionsOf(runs, metric, width), [
				runs.map((_, i) => i),
				[...values],
				...lines
			], chart);
			plot.root.addEventListener("click", ({ clientX, clientY }) => {
				const { left, top, bottom } = plot.over.getBoundingClientRect();
				const run = runs[plot.posToIdx(clientX - left)];
				if (run && clientY >= top && clientY <= bottom) choice.choose(run);
			});
			return plot;
		});
		return place;
	}
	function hasLimit({ limits, values }) {
		const highest = Math.max(...values.map((value) => value ?? 0));
		return limits.some((limit) => limit !== null && limit <= highest * 1.5);
	}
	function optionsOf(runs, metric, width) {
		const { unit, points, baseline } = metric;
		const value = valueIn(unit);
		const line = (label, colour, dash) => ({
			label,
			stroke: () => colourOf(colour),
			width: 1,
			dash,
			points: { show: false },
			value
		});
		return {
			width,
			height: chartPx,
			scales: {
				x: {
					time: false,
					range: [-.5, Math.max(.5, runs.length - .5)]
				},
				y: { range: (_plot, low, high) => rangeOf(low, high) }
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
			}, valueAxis(unit, 72)],
			series: [
				{
					label: "run",
					value: (_plot, index) => runWords(runs[Math.round(index ?? -1)])
				},
				{
					label: "actual",
					stroke: () => colourOf("--s3"),
					width: 2,
					points: {
						show: runs.length <= pointsShownMax,
						size: 6,
						fill: () => colourOf("--s3")
					},
					value
				},
				...hasLimit(metric) ? [line("limit", "--bad", [5, 4])] : [],
				...baseline === null ? [] : [line("baseline", "--good", [2, 3])]
			],
			hooks: { draw: [(plot) => drawPoints(plot, points.map(({ index }) => index))] }
		};
	}
	function rangeOf(low, high) {
		const [from, to] = [low ?? 0, high ?? 1];
		const room = Math.max(to - from, Math.abs(to) * .02, Number.MIN_VALUE) * .12;
		return [from >= 0 && from < (to - from) * 2 ? 0 : from - room, to + room];
	}
	function drawPoints(plot, indexes) {
		const { ctx, bbox } = plot;
		ctx.save();
		ctx.strokeStyle = colourOf("--found");
		ctx.lineWidth = 2;
		ctx.setLineDash([]);
		ctx.beginPath();
		for (const index of indexes) {
			const x = Math.round(plot.valToPos(index - .5, "x", true));
			ctx.moveTo(x, bbox.top);
			ctx.lineTo(x, bbox.top + bbox.height);
		}
		ctx.stroke();
		ctx.restore();
	}
	const runWords = (run) => run === void 0 ? "" : `${timeWords(run)} ${commitWords(run)}`;
	function latestWords({ values, limits, unit }) {
		const measured = values.filter((value) => value !== null);
		const [latest = 0, before = 0] = [measured.at(-1), measured.at(-2)];
		const limit = limits.at(-1) ?? null;
		const limitWords = limit === null ? "" : `, limit ${formatValue(limit, unit)}`;
		if (latest === before) return `${formatValue(latest, unit)}, as before${limitWords}`;
		const change = before === 0 ? "" : ` (${latest > before ? "+" : "−"}${formatShare(Math.abs(latest / before - 1))})`;
		return `${formatValue(latest, unit)}, before ${formatValue(before, unit)}${change}${limitWords}`;
	}
	function noteLines(runs, { points, baseline, waiver, unit }) {
		const lines = points.map(({ index, before, after }) => element("p", {
			class: "found",
			text: `${runWords(runs[index])}: ${formatValue(before, unit)} → ${formatValue(after, unit)}`
		}));
		if (baseline !== null) lines.push(element("p", {
			class: "dim",
			text: `Baseline ${formatValue(baseline.value, unit)}: ${printable(baseline.words, 200)}`
		}));
		if (waiver !== "") lines.push(element("p", {
			class: "warning",
			text: printable(waiver, 300)
		}));
		return lines;
	}
	// reports/html/verdict-class.ts
	function verdictClass({ ok, exitCode }) {
		return ok ? "ok" : exitCode === 4 ? "unknown" : "over";
	}
	// reports/html/history-pair.ts
	function pairPage({ a, b, metrics }) {
		const measured = metrics.filter((row) => row.a !== null && row.b !== null);
		const changed = measured.filter((row) => row.a !== row.b);
		const missing = metrics.filter((row) => row.a === null !== (row.b === null));
		const warnings = [
			...a.scenario === b.scenario ? [] : ["These are runs of two scenarios."],
			...a.machine === b.machine ? [] : ["These runs are of two classes of machine: resident memory and time say little."],
			"One run each: what differs may be noise. floodgate compare runs both versions in pairs, and has an interval."
		];
		return [
			element("p", {}, [element("a", {
				text: "← history",
				attributes: { href: "./" }
			})]),
			element("div", { class: "pair" }, [runCard("before", a), runCard("after", b)]),
			section("Figures", [
				...warnings.map((text) => element("p", {
					class: "dim",
					text
				})),
				changed.length > 0 ? pairTable(changed) : element("p", { text: `All ${measured.length} figures are the same.` }),
				changed.length < measured.length && changed.length > 0 ? element("p", {
					class: "dim",
					text: `${measured.length - changed.length} figures are the same.`
				}) : null,
				missing.length > 0 ? element("p", {
					class: "dim",
					text: `Measured in one of them only: ${missing.map(({ name }) => printable(name, 60)).join(", ")}.`
				}) : null
			])
		].filter((node) => node !== null);
	}
	function runCard(word, run) {
		const verdict = {
			ok: run.exitCode === 0,
			exitCode: run.exitCode
		};
		return element("section", { class: `card scenario-trend ${verdictClass(verdict)}` }, [
			element("h2", { text: `${word}: ${printable(run.scenario, 100)}, ${run.lane} lane` }),
			element("p", {}, [element("a", {
				text: timeWords(run),
				attributes: { href: runAddress(run) }
			})]),
			element("p", { text: commitWords(run) }),
			element("p", { text: `${verdictMark(verdict)} ${printable(run.headline, 300)}` }),
			element("p", {
				class: "dim",
				text: printable(run.machine, 200)
			})
		]);
	}
	const shareOf$1 = ({ a, b }) => a === 0 ? b === 0 ? 0 : Number.MAX_VALUE : b / a - 1;
	const isWorse$1 = ({ a, b, bound }) => bound === "max" ? b > a : b < a;
	function pairTable(rows) {
		const sorted = rows.toSorted((x, y) => Math.abs(shareOf$1(y)) - Math.abs(shareOf$1(x)));
		return sortableTable([
			{
				title: "Metric",
				cell: ({ name }) => element("code", { text: printable(name, 80) }),
				key: ({ name }) => name
			},
			{
				title: "Before",
				numeric: true,
				cell: ({ a, unit }) => formatValue(a, unit)
			},
			{
				title: "After",
				numeric: true,
				cell: ({ b, unit }) => formatValue(b, unit)
			},
			{
				title: "Change",
				numeric: true,
				key: shareOf$1,
				cell: (row) => {
					return `${row.a === 0 ? "from 0" : `${row.b > row.a ? "+" : "−"}${formatShare(Math.abs(shareOf$1(row)))}`} ${isWorse$1(row) ? "worse" : "better"}`;
				}
			}
		], sorted);
	}
	// reports/html/run-choice.ts
	var RunChoice = class {
		bar = element("div", {
			class: "choice card",
			attributes: {
				role: "status",
				hidden: ""
			}
		});
		#first;
		choose(run) {
			if (this.#first === void 0) {
				this.#first = run;
				this.#show(run);
			} else if (this.#first.id === run.id) {
				this.#first = void 0;
				this.bar.hidden = true;
			} else {
				const [a, b] = [this.#first, run].sort((x, y) => x.startedAt < y.startedAt ? -1 : 1);
				location.assign(`./compare?a=${encodeURIComponent(a.id)}&b=${encodeURIComponent(b.id)}`);
			}
		}
		buttonOf(run) {
			return button("compare", () => this.choose(run), {
				class: "quiet",
				attributes: { "aria-label": `compare the run of ${timeWords(run)}` }
			});
		}
		#show(run) {
			this.bar.replaceChildren(element("span", { text: `${timeWords(run)} ${commitWords(run)}: choose another run to compare, or ` }), element("a", {
				text: "open its report",
				attributes: { href: runAddress(run) }
			}), button("×", () => this.choose(run), {
				class: "quiet",
				attributes: { "aria-label": "forget it" }
			}));
			this.bar.hidden = false;
		}
	};
	// reports/html/history-page.ts
	function startHistory() {
		const data = JSON.parse(document.getElementById("report")?.textContent ?? "");
		const brand = element("span", {
			class: "brand",
			text: `floodgate history: ${printable(data.project, 80)}`
		});
		const main = element("main");
		document.body.replaceChildren(element("div", { class: "top" }, [brand, themeButton()]), main);
		main.append(...data.kind === "pair" ? pairPage(data) : historyPage(data));
		document.documentElement.dataset.ready = "true";
	}
	function historyPage(data) {
		const choice = new RunChoice();
		const all = data.series.flatMap((series) => series.runs).toSorted((a, b) => a.startedAt < b.startedAt ? 1 : -1);
		return [
			changesCard(data),
			metricMenu(data),
			...data.series.map((series) => seriesCard(series, choice)),
			section("Runs", [
				all.length > 0 ? runTable(all, choice) : element("p", { text: "No run is stored of this project yet: floodgate gate." }),
				data.left > 0 ? element("p", {
					class: "dim",
					text: `${data.left} older runs are not shown.`
				}) : null,
				element("p", {
					class: "dim",
					text: `Stored in ${printable(data.store, 200)}.`
				})
			]),
			choice.bar
		].filter((node) => node !== null);
	}
	const isWorse = ({ metric, before, after }) => metric.bound === "max" ? after > before : after < before;
	const shareOf = ({ before, after }) => before === 0 ? after > 0 ? 9.99 : 0 : after / before - 1;
	function changesCard({ series }) {
		const metrics = series.flatMap((each) => each.metrics.map((metric) => ({
			series: each,
			metric
		})));
		const changes = metrics.flatMap(({ series: own, metric }) => metric.points.map(({ index, before, after }) => ({
			series: own,
			metric,
			run: own.runs[index],
			before,
			after
		})));
		changes.sort((a, b) => a.run.startedAt < b.run.startedAt ? 1 : -1);
		const looked = metrics.filter(({ metric }) => metric.looked >= metric.needed).length;
		const short = metrics.length - looked;
		const words = [...looked > 0 && changes.length === 0 ? [`No change of level in ${counted(looked, "metric")}.`] : [], ...short > 0 ? [`${counted(short, "metric")} ${short === 1 ? "has" : "have"} fewer than ${metrics[0].metric.needed} runs that can be compared: changes are looked for from there on.`] : []];
		return section("Where the level changed", [changes.length > 0 ? changeTable(changes) : null, ...words.map((text) => element("p", {
			class: "dim",
			text
		}))]);
	}
	function changeTable(changes) {
		return sortableTable([
			{
				title: "Since",
				cell: ({ run }) => timeWords(run),
				key: ({ run }) => run.startedAt
			},
			{
				title: "Commit",
				cell: ({ run }) => commitWords(run)
			},
			{
				title: "Scenario",
				cell: ({ series }) => printable(series.scenario, 80),
				key: ({ series }) => series.scenario
			},
			{
				title: "Metric",
				cell: ({ metric }) => element("code", { text: printable(metric.name, 80) }),
				key: ({ metric }) => metric.name
			},
			{
				title: "Before",
				numeric: true,
				cell: ({ metric, before }) => formatValue(before, metric.unit)
			},
			{
				title: "After",
				numeric: true,
				cell: ({ metric, after }) => formatValue(after, metric.unit)
			},
			{
				title: "Change",
				numeric: true,
				cell: (change) => `${change.after > change.before ? "+" : "−"}${formatShare(Math.abs(shareOf(change)))} ${isWorse(change) ? "worse" : "better"}`,
				key: shareOf
			}
		], changes, (change) => isWorse(change) ? "over" : "ok");
	}
	const counted = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;
	function metricMenu({ metricNames, chosen }) {
		if (metricNames.length === 0) return null;
		const menu = element("select", { attributes: { "aria-label": "Metric" } }, [element("option", {
			text: "what is limited, or has a baseline",
			attributes: { value: "" }
		}), ...metricNames.map((name) => element("option", {
			text: printable(name, 80),
			attributes: { value: name }
		}))]);
		menu.value = chosen;
		menu.addEventListener("change", () => location.assign(menu.value === "" ? "./" : `./?metric=${encodeURIComponent(menu.value)}`));
		return element("p", { class: "menu" }, [element("label", {}, [element("span", { text: "Metric: " }), menu])]);
	}
	function seriesCard({ scenario, lane, defect, machine, runs, metrics }, choice) {
		const latest = runs.at(-1);
		const verdict = {
			ok: latest.exitCode === 0,
			exitCode: latest.exitCode
		};
		const other = runs.filter(({ comparable }) => !comparable).length;
		const drawn = metrics.filter(({ values }) => isMoving(values));
		const still = metrics.filter((metric) => !drawn.includes(metric));
		return element("section", { class: `card scenario-trend ${verdictClass(verdict)}` }, [
			element("h2", { text: `${verdictMark(verdict)} ${printable(scenario, 100)}, ${lane} lane${defect === null ? "" : `, defect ${printable(defect, 60)}`}` }),
			element("p", { text: `${counted(runs.length, "run")}; the latest: ${printable(latest.headline, 200)}` }),
			element("p", {
				class: "dim",
				text: printable(machine, 200)
			}),
			other > 0 ? element("p", {
				class: "dim",
				text: `${counted(other, "run")} of another definition, or interrupted: drawn, not compared.`
			}) : null,
			element("div", { class: "trend-grid" }, drawn.map((metric) => historyChart(runs, metric, choice))),
			stillTable(still)
		]);
	}
	function isMoving(values) {
		return new Set(values.filter((value) => value !== null)).size > 1;
	}
	function stillTable(metrics) {
		if (metrics.length === 0) return null;
		const latest = (values) => values.findLast((value) => value !== null);
		const shown = (value, { unit }) => value === null || value === void 0 ? "–" : formatValue(value, unit);
		return sortableTable([
			{
				title: "The same in every run",
				cell: ({ name }) => element("code", { text: printable(name, 80) })
			},
			{
				title: "Figure",
				numeric: true,
				cell: (metric) => shown(latest(metric.values), metric)
			},
			{
				title: "Limit",
				numeric: true,
				cell: (metric) => shown(latest(metric.limits), metric)
			},
			{
				title: "Baseline",
				numeric: true,
				cell: (metric) => shown(metric.baseline?.value, metric)
			},
			{
				title: "Waiver",
				cell: ({ waiver }) => element("span", {
					class: "prose",
					text: printable(waiver, 300)
				})
			}
		], metrics);
	}
	function runTable(runs, choice) {
		const verdictOf = ({ exitCode }) => ({
			ok: exitCode === 0,
			exitCode
		});
		return sortableTable([
			{
				title: "",
				cell: (run) => element("span", {
					class: `mark ${verdictClass(verdictOf(run))}`,
					text: verdictMark(verdictOf(run))
				}),
				key: ({ exitCode }) => exitCode
			},
			{
				title: "Run",
				key: ({ startedAt }) => startedAt,
				cell: (run) => element("a", {
					class: "tight",
					text: timeWords(run),
					attributes: { href: runAddress(run) }
				})
			},
			{
				title: "Compare",
				cell: (run) => choice.buttonOf(run)
			},
			{
				title: "Scenario",
				key: ({ scenario }) => scenario,
				cell: ({ scenario }) => printable(scenario, 100)
			},
			{
				title: "Commit",
				key: ({ commit }) => commit ?? "",
				cell: commitWords
			},
			{
				title: "Verdict",
				cell: ({ partial, headline }) => element("span", {
					class: "prose",
					text: `${partial ? "partial: " : ""}${printable(headline, 300)}`
				})
			}
		], runs);
	}
	// page-entry
	startHistory();
})();
