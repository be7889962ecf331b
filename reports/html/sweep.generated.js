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
	function printable(text, charsMax = 2e3) {
		const line = text.toWellFormed().replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, "�");
		return line.length > charsMax ? `${line.slice(0, charsMax - 1)}…` : line;
	}
	// reports/sweep.ts
	function sweepLines({ cells }) {
		const lines = Map.groupBy(cells, ({ loss, rate }) => `loss ${loss}, rate ${rate}`);
		return new Map([...lines].map(([name, line]) => [name, line.toSorted((a, b) => a.pages - b.pages)]));
	}
	function costOfPercent(cell, before) {
		if (!before || cell.recovered === null || before.recovered === null) return null;
		if (cell.p99Bytes === null || before.p99Bytes === null || cell.isAtMost || before.isAtMost) return null;
		const percent = (cell.recovered - before.recovered) * 100;
		return percent > .01 ? (cell.p99Bytes - before.p99Bytes) / percent : null;
	}
	// reports/sweep-text.ts
	function recoveredWords({ recovered }) {
		return recovered === null ? "not known" : formatShare(recovered);
	}
	function p99Words({ p99Bytes, isAtMost }) {
		return p99Bytes === null ? "not known" : `${isAtMost ? "≤ " : ""}${formatBytes(p99Bytes)}`;
	}
	function costWords(bytes) {
		return `${bytes < 0 ? "−" : ""}${formatBytes(Math.abs(bytes))}`;
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
	// reports/html/sweep-page.ts
	const chartPx = 320;
	const colours = [
		"--s1",
		"--s2",
		"--s3",
		"--s4",
		"--s5",
		"--s6"
	];
	function startSweep() {
		const report = JSON.parse(document.getElementById("report")?.textContent ?? "");
		const top = element("div", { class: "top" }, [element("span", {
			class: "brand",
			text: "floodgate sweep"
		}), themeButton()]);
		const head = element("header", { class: "card" }, [
			element("h1", { text: `${printable(report.scenario, 100)}: messages recovered against memory` }),
			element("p", {
				class: "dim",
				text: `${report.cells.length} runs in the ${report.lane} lane in ${formatDuration(report.durationMs)}. A point is a run; along a line the agent has more pages.`
			}),
			commandLine(report.command)
		]);
		const main = element("main", {}, [
			head,
			section("Recovered against rss.p99", [chart(report)]),
			section("Runs", [table(report)])
		]);
		document.body.replaceChildren(top, main);
		document.documentElement.dataset.ready = "true";
	}
	const titled = (label) => ({
		label,
		labelSize: 20,
		labelFont: "12px system-ui, sans-serif"
	});
	function recoveredRange(low, high) {
		const room = Math.max((high - low) / 20, high === low ? .5 : .01);
		return [Math.max(0, low - room), Math.min(100 + room, high + room)];
	}
	function chart(report) {
		const place = element("div", { class: "trend sweep" });
		const lines = [...sweepLines(report)];
		const points = lines.flatMap(([name, cells]) => cells.map((cell) => ({
			name,
			cell
		}))).filter(({ cell }) => cell.recovered !== null && cell.p99Bytes !== null).sort((a, b) => a.cell.recovered - b.cell.recovered);
		if (points.length === 0) return element("p", {
			class: "warning",
			text: "No run has both figures."
		});
		const x = points.map(({ cell }) => cell.recovered * 100);
		const values = lines.map(([name]) => points.map((point) => point.name === name ? point.cell.p99Bytes : null));
		drawIn(place, chartPx, (width) => {
			const options = {
				width,
				height: chartPx,
				scales: { x: {
					time: false,
					range: (_plot, low, high) => recoveredRange(low, high)
				} },
				cursor: { drag: {
					x: false,
					y: false
				} },
				axes: [{
					...plainAxis,
					...titled("messages recovered"),
					size: 28,
					space: 60,
					values: (_plot, ticks) => ticks.map((tick) => tick > 100 ? "" : `${Number(tick.toFixed(2))} %`)
				}, {
					...plainAxis,
					...titled("rss.p99"),
					size: 62,
					values: (_plot, ticks) => ticks.map((tick) => formatBytes(tick))
				}],
				series: [{
					label: "recovered",
					value: (_plot, value) => value === null ? "–" : formatShare(value / 100)
				}, ...lines.map(([name], index) => {
					const colour = () => colourOf(colours[index % colours.length]);
					const points = {
						show: true,
						size: 7,
						fill: colour
					};
					return {
						label: printable(name, 60),
						stroke: colour,
						width: 2,
						spanGaps: true,
						points,
						value: valueIn("bytes")
					};
				})]
			};
			return new uPlot(options, [x, ...values], place);
		});
		return place;
	}
	function table(report) {
		const before = new Map();
		for (const line of sweepLines(report).values()) for (const [at, cell] of line.entries()) if (at > 0) before.set(cell, line[at - 1]);
		return sortableTable([
			{
				title: "Loss",
				cell: ({ loss }) => printable(loss, 40),
				key: ({ loss }) => loss
			},
			{
				title: "Rate",
				cell: ({ rate }) => printable(rate, 40),
				key: ({ rate }) => rate
			},
			{
				title: "Pages",
				numeric: true,
				cell: ({ pages }) => formatCount(pages),
				key: ({ pages }) => pages
			},
			{
				title: "Recovered",
				numeric: true,
				cell: recoveredWords,
				key: ({ recovered }) => recovered ?? -1
			},
			{
				title: "rss.p99",
				numeric: true,
				cell: p99Words,
				key: ({ p99Bytes }) => p99Bytes ?? -1
			},
			{
				title: "One per cent more costs",
				numeric: true,
				cell: (cell) => {
					const cost = costOfPercent(cell, before.get(cell));
					return cost === null ? "" : costWords(cost);
				}
			},
			{
				title: "Dropped",
				numeric: true,
				cell: ({ dropped }) => dropped === null ? "?" : formatCount(dropped),
				key: ({ dropped }) => dropped ?? -1
			},
			{
				title: "",
				cell: ({ note }) => printable(note, 200)
			}
		], report.cells);
	}
	// page-entry
	startSweep();
})();
