"use strict";
(function() {
	// reports/comparison.ts
	function shownMetrics({ metrics }) {
		return metrics.filter(({ decision, baseMedian, headMedian }) => decision === "shown" && (baseMedian !== null || headMedian !== null));
	}
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
		if (!Number.isFinite(value)) return "∞";
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
	function formatExcerpt({ lines, firstLine, line, alsoMeant = [] }) {
		const lastLine = firstLine + lines.length - 1;
		const width = String(lastLine).length;
		const outside = alsoMeant.filter((each) => each < firstLine || each > lastLine);
		const shown = lines.map((text, i) => {
			const number = firstLine + i;
			return `${number === line || alsoMeant.includes(number) ? ">" : " "} ${String(number).padStart(width)} | ${printable(text.replaceAll("	", "  "), 160)}`;
		});
		return outside.length > 0 ? [...shown, `and line ${outside.join(", ")}`] : shown;
	}
	// reports/comparison-sentence.ts
	const manyfold = 10;
	function formatChange(change) {
		if (change === null) return "–";
		if (change >= manyfold) return `×${Math.round(change + 1)}`;
		return change < 0 ? `−${formatShare(-change)}` : `+${formatShare(change)}`;
	}
	function formatRatio(change) {
		return change !== null && change >= Math.expm1(10) ? "∞" : formatChange(change);
	}
	function isFromNothing({ bound, baseMedian, headMedian }) {
		const [one, other] = bound === "max" ? [baseMedian, headMedian] : [headMedian, baseMedian];
		return one === 0 && other !== null && other > 0;
	}
	function formatMetricChange(metric) {
		if (!isFromNothing(metric)) return formatRatio(metric.change);
		const { unit, baseMedian, headMedian } = metric;
		return `${formatMedian(headMedian, unit)}${unit === "count" ? " a run" : ""}, ${formatMedian(baseMedian, unit)} before`;
	}
	function formatDetectable(metric) {
		return metric.detectable === null || isFromNothing(metric) ? "" : formatRatio(metric.detectable);
	}
	function formatSiteChange({ baseBytes, headBytes, errorBytes, isOffHeap }) {
		const difference = (headBytes ?? 0) - (baseBytes ?? 0);
		return `${baseBytes === null ? "new" : headBytes === null ? "gone" : formatChange(difference / baseBytes)} (${formatDifference(difference, "bytes")} ± ${formatBytes(errorBytes)}${isOffHeap ? " off-heap" : ""})`;
	}
	const originWords = {
		renamed: "renamed from",
		replaced: "in place of",
		split: "taken out of",
		joined: "with the work of"
	};
	function formatOrigin({ file, functionName, origin }) {
		if (!origin) return "";
		const { how } = origin;
		if (how === "renamed" && origin.functionName === functionName) return `, moved from ${printable(origin.file, 300)}`;
		const place = origin.file === file ? "" : `${printable(origin.file, 300)} `;
		return `, ${originWords[how]} ${place}${printable(origin.functionName || "(anonymous)", 200)}`;
	}
	function formatInterval(metric) {
		const { changeLow, changeHigh } = metric;
		if (changeLow === null || changeHigh === null || isFromNothing(metric)) return "";
		return `${formatRatio(changeLow)} … ${formatRatio(changeHigh)}`;
	}
	function formatLimit({ threshold }) {
		return threshold === null ? "" : `${threshold > 0 ? "+" : ""}${formatShare(threshold)}`;
	}
	function formatMedian(value, unit) {
		return value === null ? "–" : formatValue(value, unit);
	}
	// reports/counted.ts
	function counted(count, one, many = `${one}s`) {
		return `${formatCount(count)} ${count === 1 ? one : many}`;
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
	// reports/html/flame-drawing.ts
	const TEXT_ROW_PX = 19;
	const BAR_PX = 3;
	const ROWS_MAX = 200;
	const TEXT_PX_MIN = 34;
	const rowPx = ({ hasBars }) => TEXT_ROW_PX + (hasBars ? 6 : 0);
	function drawFlame(canvas, state) {
		const { layout, focus } = state;
		const width = canvas.clientWidth;
		if (width === 0) return;
		const rows = Math.min(layout.depthMax + 1, ROWS_MAX);
		const ratio = devicePixelRatio;
		const rowHeight = rowPx(state);
		const height = rows * rowHeight;
		if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
			canvas.width = Math.round(width * ratio);
			canvas.height = Math.round(height * ratio);
			canvas.style.height = `${height}px`;
		}
		const context = canvas.getContext("2d");
		context.setTransform(ratio, 0, 0, ratio, 0, 0);
		context.clearRect(0, 0, width, height);
		context.font = "12px system-ui, sans-serif";
		context.textBaseline = "middle";
		const palette = {
			text: colourOf("--flame-text"),
			line: colourOf("--card"),
			found: colourOf("--found"),
			ring: colourOf("--accent"),
			bars: state.hasBars ? [colourOf("--s2"), colourOf("--s3")] : void 0
		};
		const callers = new Set();
		for (let up = layout.parent[focus]; up >= 0; up = layout.parent[up]) callers.add(up);
		const [from, span] = [layout.offset[focus], layout.share[focus] || 1];
		const searching = state.words.trim() !== "";
		for (let node = 0; node < layout.site.length; node += 1) {
			const row = layout.depth[node];
			if (row >= rows) continue;
			const isCaller = callers.has(node);
			if (!isCaller && row < layout.depth[focus]) continue;
			const left = isCaller ? 0 : (layout.offset[node] - from) / span * width;
			const right = isCaller ? width : left + layout.share[node] / span * width;
			if (right <= .01 || left >= width - .01 || right - left < .5) continue;
			const [x, w, y] = [
				Math.max(0, left),
				Math.min(width, right) - Math.max(0, left),
				row * rowHeight
			];
			context.globalAlpha = isCaller ? .55 : 1;
			context.fillStyle = searching && state.matches[node] ? palette.found : diffColour(layout, node);
			context.fillRect(x, y, Math.max(.5, w - .7), rowHeight - 1);
			if (palette.bars) drawBars(context, layout, node, {
				left,
				width: right - left,
				y,
				colours: palette.bars
			});
			if (node === state.hover) {
				context.strokeStyle = palette.ring;
				context.lineWidth = 2;
				context.strokeRect(x + 1, y + 1, Math.max(1, w - 3), rowHeight - 3);
			}
			if (w >= TEXT_PX_MIN) drawLabel(context, layout, node, x, y, w, palette.text);
		}
		context.globalAlpha = 1;
	}
	function drawBars(context, layout, node, bars) {
		const weight = layout.weight[node];
		if (weight <= 0) return;
		[layout.before[node], layout.after[node]].forEach((value, at) => {
			context.fillStyle = bars.colours[at];
			const width = Math.max(0, bars.width * Math.min(1, value / weight) - .7);
			context.fillRect(bars.left, bars.y + TEXT_ROW_PX - 1 + BAR_PX * at, width, 2.5);
		});
	}
	function drawLabel(context, layout, node, x, y, w, colour) {
		const site = layout.site[node];
		const line = layout.line[site] > 0 ? `:${layout.line[site]}` : "";
		const name = layout.name[site].slice(0, 300) || "(anonymous)";
		const file = layout.file[site].split("/").at(-1).slice(0, 120);
		context.save();
		context.beginPath();
		context.rect(x, y, w - 3, TEXT_ROW_PX);
		context.clip();
		context.fillStyle = colour;
		context.fillText(node === 0 ? "all" : file ? `${name}  ${file}${line}` : name, x + 4, y + TEXT_ROW_PX / 2);
		context.restore();
	}
	function diffColour({ before, after }, node) {
		const difference = after[node] - before[node];
		const most = Math.max(before[node], after[node]);
		const whole = Math.abs(after[0] - before[0]);
		const ofItself = most > 0 ? Math.min(1, Math.abs(difference) / most) : 0;
		const ofAll = whole > 0 ? Math.min(1, Math.abs(difference) / whole) : 0;
		const strength = ofItself * (.25 + .75 * Math.sqrt(ofAll));
		const dark = document.documentElement.dataset.theme === "dark";
		if (strength < .02) return `hsl(42 20% ${dark ? 32 : 84}%)`;
		const saturation = dark ? 14 + 46 * strength : 30 + 50 * strength;
		return `hsl(${difference > 0 ? 10 : 212} ${saturation}% ${dark ? 30 + 8 * strength : 86 - 22 * strength}%)`;
	}
	// reports/html/flame-layout.ts
	const NODES_MAX = 2e5;
	function layoutFlame(flame, options) {
		const sites = siteTable$1(flame, options.byFunction);
		const tree = options.inverted ? invertedTree(flame, sites.of) : mergedTree(flame, sites.of);
		const count = tree.site.length;
		const before = Float64Array.from(tree.before);
		const after = Float64Array.from(tree.after);
		if (!options.inverted) for (let node = count - 1; node > 0; node -= 1) {
			before[tree.parent[node]] += before[node];
			after[tree.parent[node]] += after[node];
		}
		const weight = weights(tree, before, after, options.width);
		return {
			...sites,
			...tree,
			before,
			after,
			weight,
			...placed(tree, weight),
			depthMax: tree.depth.reduce((a, b) => Math.max(a, b), 0)
		};
	}
	function siteTable$1(flame, byFunction) {
		const name = [];
		const file = [];
		const line = [];
		const known = new Map();
		return {
			name,
			file,
			line,
			of: flame.sites.functionName.map((functionName, i) => {
				const at = byFunction ? 0 : flame.sites.line[i];
				const key = `${functionName}\0${flame.sites.file[i]}\0${at}`;
				const index = known.get(key) ?? name.length;
				if (index === name.length) {
					known.set(key, index);
					name.push(functionName);
					file.push(flame.sites.file[i]);
					line.push(at);
				}
				return index;
			})
		};
	}
	function emptyTree(rootSite) {
		return {
			site: [rootSite],
			parent: [-1],
			depth: [0],
			before: [0],
			after: [0]
		};
	}
	function childOf(tree, known, parent, site) {
		const key = parent * 2 ** 26 + site;
		const child = known.get(key);
		if (child !== void 0) return child;
		const made = tree.site.length;
		known.set(key, made);
		tree.site.push(site);
		tree.parent.push(parent);
		tree.depth.push(tree.depth[parent] + 1);
		tree.before.push(0);
		tree.after.push(0);
		return made;
	}
	function mergedTree(flame, siteOf) {
		const tree = emptyTree(siteOf[flame.site[0]]);
		const known = new Map();
		const nodes = new Int32Array(flame.parent.length);
		for (let node = 0; node < nodes.length; node += 1) {
			if (node > 0) nodes[node] = childOf(tree, known, nodes[flame.parent[node]], siteOf[flame.site[node]]);
			tree.before[nodes[node]] += flame.before[node];
			tree.after[nodes[node]] += flame.after[node];
		}
		return tree;
	}
	function invertedTree(flame, siteOf) {
		const tree = emptyTree(siteOf[flame.site[0]]);
		const known = new Map();
		const own = flame.parent.map((_, node) => node).filter((node) => flame.before[node] !== 0 || flame.after[node] !== 0);
		own.sort((a, b) => flame.after[b] + flame.before[b] - flame.after[a] - flame.before[a]);
		for (const node of own) {
			if (tree.site.length > NODES_MAX) break;
			let at = 0;
			for (let up = node;; up = flame.parent[up]) {
				tree.before[at] += flame.before[node];
				tree.after[at] += flame.after[node];
				if (up <= 0) break;
				at = childOf(tree, known, at, siteOf[flame.site[up]]);
			}
		}
		return tree;
	}
	function weights(tree, before, after, width) {
		const weight = Float64Array.from(before, (value, node) => Math.max(0, widthOf(value, after[node], width)));
		const children = new Float64Array(weight.length);
		for (let node = weight.length - 1; node >= 0; node -= 1) {
			weight[node] = Math.max(weight[node], children[node]);
			if (node > 0) children[tree.parent[node]] += weight[node];
		}
		return weight;
	}
	function widthOf(before, after, width) {
		if (width === "both") return Math.max(before, after);
		return width === "after" ? after : width === "before" ? before : after - before;
	}
	function placed(tree, weight) {
		const whole = weight[0] || 1;
		const share = weight.map((value) => value / whole);
		const offset = new Float64Array(weight.length);
		const used = new Float64Array(weight.length);
		const order = tree.site.map((_, node) => node).sort((a, b) => tree.depth[a] - tree.depth[b] || weight[b] - weight[a]);
		for (const node of order) {
			const parent = tree.parent[node];
			if (parent < 0) continue;
			offset[node] = offset[parent] + used[parent];
			used[parent] += share[node];
		}
		return {
			share,
			offset
		};
	}
	function nodeAt(layout, focus, x, row) {
		const at = layout.offset[focus] + x * layout.share[focus];
		if (row < layout.depth[focus]) {
			let up = focus;
			while (up > 0 && layout.depth[up] > row) up = layout.parent[up];
			return up;
		}
		for (let node = 0; node < layout.site.length; node += 1) {
			if (layout.depth[node] !== row) continue;
			if (at >= layout.offset[node] && at < layout.offset[node] + layout.share[node]) return node;
		}
		return -1;
	}
	function searchFlame(layout, words) {
		const matches = new Uint8Array(layout.site.length);
		const wanted = words.trim().toLowerCase();
		if (wanted === "") return {
			matches,
			share: 0
		};
		const bySite = layout.name.map((name, i) => name.toLowerCase().includes(wanted) || layout.file[i].toLowerCase().includes(wanted));
		const inside = new Uint8Array(layout.site.length);
		let share = 0;
		for (let node = 1; node < matches.length; node += 1) {
			matches[node] = bySite[layout.site[node]] ? 1 : 0;
			const within = inside[layout.parent[node]];
			if (matches[node] && !within) share += layout.share[node];
			inside[node] = within || matches[node] ? 1 : 0;
		}
		return {
			matches,
			share
		};
	}
	// reports/html/flame-view.ts
	const spikeWords = {
		widths: [
			["after", "in the window"],
			["before", "steady state"],
			["growth", "growth"]
		],
		before: "in the steady state",
		after: "in the window",
		hasLines: true
	};
	const versionWords = {
		widths: [
			["both", "base and head"],
			["after", "head"],
			["before", "base"],
			["growth", "growth"]
		],
		before: "a request in the base",
		after: "a request in the head",
		hasLines: false
	};
	function flameView(flame, flameWords = spikeWords) {
		const width = flameWords.widths[0][0];
		const canvas = element("canvas", {
			class: "flame",
			attributes: {
				tabindex: "0",
				role: "img"
			}
		});
		const detail = element("output", { class: "flame-detail" });
		const found = element("span", { class: "dim" });
		const state = {
			flameWords,
			hasBars: flameWords.widths.some(([width]) => width === "both"),
			layout: layoutFlame(flame, {
				width,
				inverted: false,
				byFunction: false
			}),
			focus: 0,
			hover: -1,
			words: "",
			matches: new Uint8Array(0),
			width,
			inverted: false,
			byFunction: false
		};
		const draw = () => drawFlame(canvas, state);
		const describe = (node) => {
			detail.textContent = describeNode(state.layout, node >= 0 ? node : state.focus, flameWords);
			canvas.setAttribute("aria-label", `Flame graph. ${detail.textContent}`);
		};
		const search = () => {
			const { matches, share } = searchFlame(state.layout, state.words);
			state.matches = matches;
			found.textContent = state.words.trim() === "" ? "" : `${formatShare(share)} found`;
		};
		const relayout = () => {
			state.layout = layoutFlame(flame, state);
			state.focus = 0;
			state.hover = -1;
			search();
			describe(0);
			draw();
		};
		const focusOn = (node) => {
			state.focus = node;
			state.hover = node;
			describe(node);
			draw();
		};
		const hoverOn = (node) => {
			if (node === state.hover) return;
			state.hover = node;
			describe(node);
			draw();
		};
		attachPointer(canvas, state, focusOn, hoverOn);
		attachKeys(canvas, state, focusOn, hoverOn);
		const reset = button("Whole graph", () => focusOn(0));
		const root = element("div", {}, [
			controls(state, relayout, () => {
				search();
				draw();
			}, [found, reset]),
			detail,
			canvas
		]);
		search();
		describe(0);
		onThemeChange(draw);
		new ResizeObserver(draw).observe(canvas);
		return {
			root,
			draw
		};
	}
	function controls(state, relayout, onSearch, extra) {
		const search = element("input", { attributes: {
			type: "search",
			placeholder: "Search function or file",
			"aria-label": "Search function or file"
		} });
		search.addEventListener("input", () => {
			state.words = search.value;
			onSearch();
		});
		const { widths, hasLines } = state.flameWords;
		const select = element("select", { attributes: { "aria-label": "Width of a box" } }, widths.map(([value, text]) => element("option", {
			text,
			attributes: { value }
		})));
		select.addEventListener("change", () => {
			state.width = widths.find(([value]) => value === select.value)?.[0] ?? widths[0][0];
			relayout();
		});
		const toggle = (text, name, checked) => {
			const box = element("input", { attributes: { type: "checkbox" } });
			box.checked = checked(state[name]);
			box.addEventListener("change", () => {
				state[name] = checked(box.checked);
				relayout();
			});
			return element("label", {}, [box, document.createTextNode(` ${text}`)]);
		};
		return element("div", { class: "controls" }, [
			search,
			element("label", { text: "Width: " }, [select]),
			toggle("inverted", "inverted", (on) => on),
			...hasLines ? [toggle("by line", "byFunction", (on) => !on)] : [],
			...extra,
			element("span", { class: "legend" }, [...state.hasBars ? swatches("Bars: ", ["base", "head"]) : [], ...swatches(state.hasBars ? "Boxes: " : "", [
				"grew",
				"same",
				"shrank"
			])])
		]);
	}
	function swatches(title, names) {
		const own = names.map((name) => element("span", {
			class: `swatch ${name}`,
			text: name
		}));
		return title === "" ? own : [element("span", { text: title }), ...own];
	}
	function describeNode(layout, node, flameWords) {
		const site = layout.site[node];
		const where = node === 0 ? "everything" : formatSite({
			functionName: layout.name[site],
			file: layout.file[site],
			line: layout.line[site]
		});
		const [before, after] = [layout.before[node], layout.after[node]];
		const change = formatDifference(after - before, "bytes");
		const whole = layout.after[0] > 0 ? `, ${formatShare(after / layout.after[0])} of all` : "";
		return `${where}: ${formatBytes(after)} ${flameWords.after}, ${formatBytes(before)} ${flameWords.before} (${change})${whole}`;
	}
	function attachPointer(canvas, state, focusOn, hoverOn) {
		const under = (event) => {
			const box = canvas.getBoundingClientRect();
			return nodeAt(state.layout, state.focus, (event.clientX - box.left) / box.width, Math.floor((event.clientY - box.top) / rowPx(state)));
		};
		canvas.addEventListener("mousemove", (event) => {
			const node = under(event);
			canvas.style.cursor = node >= 0 ? "pointer" : "default";
			hoverOn(node);
		});
		canvas.addEventListener("mouseleave", () => hoverOn(-1));
		canvas.addEventListener("click", (event) => {
			const node = under(event);
			if (node >= 0) focusOn(node);
		});
	}
	function attachKeys(canvas, state, focusOn, hoverOn) {
		canvas.addEventListener("keydown", (event) => {
			const at = Math.max(state.hover, 0);
			if (event.key === "Escape") focusOn(0);
			else if (event.key === "Enter") focusOn(at);
			else {
				const to = neighbour(state.layout, at, event.key);
				if (to < 0) return;
				hoverOn(to);
			}
			event.preventDefault();
		});
	}
	function neighbour(layout, node, key) {
		if (key === "ArrowUp") return Math.max(0, layout.parent[node]);
		const siblings = [];
		const parent = key === "ArrowDown" ? node : key === "ArrowLeft" || key === "ArrowRight" ? layout.parent[node] : -2;
		if (parent === -2) return -1;
		layout.parent.forEach((up, child) => void (up === parent && siblings.push(child)));
		siblings.sort((a, b) => layout.offset[a] - layout.offset[b]);
		if (key === "ArrowDown") return siblings[0] ?? node;
		const index = siblings.indexOf(node) + (key === "ArrowRight" ? 1 : -1);
		return siblings[Math.min(Math.max(index, 0), siblings.length - 1)] ?? node;
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
		const main = element("main", {}, [banner(report), ...report.scenarios.map((each) => scenarioCard(each, report))]);
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
				text: pairs > 0 && report.verdict.exitCode === 3 ? `${counted(pairs, "interleaved pair")} on one machine in ${formatDuration(report.durationMs)}, until it was interrupted.` : pairs > 0 ? `${counted(pairs, "interleaved pair")} on one machine in ${formatDuration(report.durationMs)}. A verdict is wrong in at most ${formatShare(report.errorRate)} of cases.` : `No scenario was compared to its end, in ${formatDuration(report.durationMs)}.`
			}),
			...(report.failures ?? []).flatMap(({ details }) => details === "" ? [] : [element("pre", {
				class: "said",
				text: details.split("\n").map((line) => printable(line)).join("\n")
			})]),
			commandLine(report.command)
		])]);
	}
	function version({ label, commit, dirty }) {
		const name = printable(label, 200);
		return commit === null ? name : `${name} (${printable(commit.slice(0, 10))}${dirty ? ", with changes" : ""})`;
	}
	function scenarioCard(scenario, { timelines, flames }) {
		const flame = flames.find((each) => each.scenario === scenario.name);
		const judged = judgedMetrics(scenario);
		const shown = shownMetrics(scenario);
		const method = scenario.method === "numbers" ? "repeats agree, so numbers are compared" : counted(scenario.pairs, "pair");
		return element("article", { class: "card comparison" }, [
			element("h2", { text: `${printable(scenario.name, 200)}: ${scenario.lane} lane, ${method}` }),
			judged.length > 0 ? metricTable(judged) : element("p", {
				class: "warning",
				text: "No metric has a threshold."
			}),
			judged.some(({ change }) => change !== null) ? stripLegend() : null,
			...scenario.notes.map((note) => element("p", {
				class: note.severity === "warning" ? "warning" : "dim",
				text: printable(note.text)
			})),
			section("By call site, a request", scenario.sites.length > 0 ? [...siteTables(scenario.sites, flame), ...sourcePanels(scenario.sites)] : [], "inner"),
			section("Where it allocates, base and head over each other", flame ? [flameView(flame, versionWords).root] : [], "inner"),
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
				cell: formatMetricChange,
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
				cell: (metric) => atLeast(formatDetectable(metric))
			}
		], metrics, ({ decision }) => looks[decision].class);
	}
	const atLeast = (seen) => seen === "" ? "" : `≥ ${seen}`;
	function nameCell({ name, decision, note }) {
		const why = note === "" ? looks[decision].word : `${looks[decision].word}: ${printable(note, 300)}`;
		return element("div", {}, [element("code", { text: printable(name, 200) }), decision === "shown" ? null : element("div", {
			class: "dim prose",
			text: why
		})]);
	}
	function reachOf(metric) {
		const { changeLow, changeHigh, threshold } = metric;
		const ends = (isFromNothing(metric) ? [] : [
			changeLow ?? 0,
			changeHigh ?? 0,
			threshold ?? 0
		]).map(Math.abs);
		return Math.min(10, Math.max(.005, ...ends) * 1.15);
	}
	function stripLegend() {
		const keys = Object.entries({
			zero: "no change",
			limit: "limit",
			estimate: "measured",
			interval: "interval"
		}).map(([kind, text]) => element("span", {
			class: kind,
			text
		}));
		return element("p", { class: "legend strip-legend" }, keys);
	}
	function strip(metric, reach) {
		const { change, changeLow, changeHigh, threshold } = metric;
		if (change === null || isFromNothing(metric)) return document.createTextNode("");
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
		const label = `${formatRatio(change)}${interval === "" ? "" : `, between ${interval}`}${threshold === null ? "" : `, limit ${formatLimit(metric)}`}`;
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
	const shareShown = .01;
	function siteTables(sites, flame) {
		const whole = flame?.before.reduce((sum, bytes) => sum + bytes, 0) ?? 0;
		const isLarge = (site) => Math.abs((site.headBytes ?? 0) - (site.baseBytes ?? 0)) >= shareShown * whole;
		const small = sites.filter((site, at) => at > 0 && !isLarge(site));
		if (small.length === 0) return [siteTable(sites)];
		const words = `${small.length} more, each below ${formatShare(shareShown)} of what the base allocates`;
		return [siteTable(sites.filter((site) => !small.includes(site))), element("details", {}, [element("summary", { text: words }), siteTable(small)])];
	}
	function siteTable(sites) {
		const bytes = (value) => value === null ? "–" : formatValue(value, "bytes");
		return sortableTable([
			{
				title: "Function",
				cell: (site) => element("span", {}, [element("code", { text: formatSite(site) }), element("span", {
					class: "dim",
					text: formatOrigin(site)
				})])
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
