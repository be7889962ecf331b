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
	function formatFound(found, wanted, kind) {
		const of = `${formatCount(Math.min(found, wanted))} of ${formatCount(wanted)} ${kind}`;
		const more = found - wanted;
		if (more <= 0) return of;
		return `${of} (and ${formatCount(more)} more: ${kind === "responses" ? "interim answers, " : ""}damaged ones, or others that may be found)`;
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
	function verdictMark({ ok, exitCode }) {
		return ok ? "✓" : exitCode === 4 ? "?" : "✗";
	}
	const STATE_MARKS = {
		pass: "✓",
		over: "✗",
		waived: "~",
		undecided: "?",
		notMeasured: "?"
	};
	function stateMark(state) {
		return STATE_MARKS[state];
	}
	function formatActual({ actual, state, unit }) {
		if (actual !== null) return formatValue(actual, unit);
		return state === "undecided" ? "undecided" : "not measured";
	}
	function formatDropped({ framesDropped }) {
		return framesDropped === null ? "what the capture dropped was not counted" : `${formatCount(framesDropped)} dropped by the capture`;
	}
	function formatExchanges({ sent, stored, storedWhole, shed, missing, unanswered = 0, unpaired = 0 }) {
		const shedCount = Object.values(shed).reduce((sum, count) => sum + count, 0);
		const policies = Object.entries(shed).map(([name, count]) => `${printable(name, 40)} ${formatCount(count)}`);
		const named = policies.length > 0 ? ` (${policies.join(", ")})` : "";
		const rest = Math.max(0, sent - storedWhole - shedCount - missing);
		const alone = Math.min(rest, unanswered);
		const terms = [
			`${formatCount(storedWhole)} stored`,
			`${formatCount(shedCount)} shed${named}`,
			...alone > 0 ? [`${formatCount(alone)} unanswered`] : [],
			`${formatCount(rest - alone)} damaged${unpaired > 0 ? ` (${formatCount(unpaired)} in no pair behind what is missing)` : ""}`,
			`${formatCount(missing)} missing`
		];
		return `${formatCount(sent)} exchanges sent = ${terms.join(" + ")}; ${formatCount(stored)} witnesses in the collector`;
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
	const BARS = "▁▂▃▄▅▆▇█";
	function sparkLine(tMs, values, cells) {
		const from = tMs[0] ?? 0;
		const span = (tMs.at(-1) ?? 0) - from;
		const highest = new Array(cells).fill(null);
		values.forEach((value, i) => {
			if (value === null) return;
			const cell = span > 0 ? Math.min(cells - 1, Math.floor((tMs[i] - from) / span * cells)) : 0;
			highest[cell] = Math.max(highest[cell] ?? Number.NEGATIVE_INFINITY, value);
		});
		const known = highest.filter((value) => value !== null);
		if (known.length === 0) return "";
		const [low, high] = [Math.min(...known), Math.max(...known)];
		let last = known[0];
		return highest.map((value) => {
			last = value ?? last;
			return BARS[high > low ? Math.round((last - low) / (high - low) * 7) : 0];
		}).join("");
	}
	const SHARE_STANDS_OUT = .05;
	function standsOut({ suspects }) {
		return (suspects[0]?.share ?? 0) >= SHARE_STANDS_OUT;
	}
	function formatKeeper(keeper) {
		const { name, kind, countAdded, perRequest, file, line } = keeper;
		const each = perRequest === null ? "" : `, ${formatEach(perRequest)} a request`;
		const article = /^[AEIOU]/i.test(kind) ? "an" : "a";
		const grew = countAdded > 0 ? ` (${kind === "" ? "" : `${article} ${printable(kind, 60)} that `}grew by ${formatCount(countAdded)}${each})` : "";
		const place = file === "" ? "" : ` at ${printable(file, 300)}${line > 0 ? `:${line}` : ""}`;
		return `${printable(name, 120)}${grew}${place}`;
	}
	function formatEach(count) {
		const rounded = Math.round(count);
		if (rounded >= 10 || rounded > 0 && Math.abs(count - rounded) < .1 * rounded) return formatCount(rounded);
		return count.toPrecision(2);
	}
	function excerptTitle({ file, line, note }) {
		return `${printable(file, 300)}:${line}, ${printable(note, 200)}`;
	}
	function formatLines({ rows, counts }) {
		const shown = rows.slice(0, 5).map(({ line, bytes, errorShare }) => {
			const error = errorShare > 0 ? ` ±${formatShare(errorShare)}` : "";
			return `line ${line} ${formatBytes(bytes)}${error}`;
		});
		const more = rows.length > shown.length ? `, ${rows.length - shown.length} more` : "";
		return `${shown.join(", ")}${more} (${counts})`;
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
	function formatHeight(spike) {
		return spike.line === "rss" ? formatDifference(spike.heightBytes, "bytes") : `allocated ${formatBytes(spike.heightBytes)}`;
	}
	function formatRecovery(spike) {
		if (spike.line === "allocated") return "collected again";
		return spike.recoveryMs === null ? "never came back" : `back after ${formatDuration(spike.recoveryMs)}`;
	}
	function formatKnown({ linesShare, namedShare }) {
		if (namedShare === null) return "";
		if (linesShare === null) return `${formatShare(namedShare)} of it has a name`;
		return `${formatShare(linesShare)} of it is known by function and line, ${formatShare(namedShare)} with kinds of pages`;
	}
	// reports/model.ts
	function findColumn(run, name) {
		for (const table of run.series) {
			const column = table.columns.find((candidate) => candidate.name === name);
			if (column) return {
				table,
				column
			};
		}
	}
	// reports/html/columns.ts
	function unpackColumn({ length, steps, scale, differences }) {
		const values = new Array(length).fill(null);
		let [sum, at] = [0, -1];
		for (let i = 0; i < differences.length; i += 1) {
			sum += differences[i];
			at += steps ? steps[i] : 1;
			values[at] = scale === 1 ? sum : sum / scale;
		}
		return values;
	}
	function unpackRun(packed) {
		const series = packed.series.map((table) => ({
			group: table.group,
			tMs: unpackColumn(table.tMs).map((ms) => ms ?? 0),
			columns: table.columns.map((column) => ({
				...column,
				values: unpackColumn(column.values)
			}))
		}));
		return {
			...packed,
			series
		};
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
	function tabs(list, label) {
		const buttons = [];
		const show = (index, focus) => {
			list.forEach((tab, i) => {
				buttons[i].setAttribute("aria-selected", String(i === index));
				buttons[i].tabIndex = i === index ? 0 : -1;
				tab.panel.hidden = i !== index;
			});
			if (focus) buttons[index].focus();
			list[index]?.onShow?.();
		};
		list.forEach((tab, i) => {
			const made = button(tab.title, () => show(i, false), { attributes: { role: "tab" } });
			made.addEventListener("keydown", (event) => {
				const to = {
					ArrowRight: i + 1,
					ArrowLeft: i - 1,
					Home: 0,
					End: list.length - 1
				}[event.key];
				if (to === void 0) return;
				event.preventDefault();
				show((to + list.length) % list.length, true);
			});
			tab.panel.setAttribute("role", "tabpanel");
			tab.panel.setAttribute("aria-label", tab.title);
			buttons.push(made);
		});
		const made = element("div", { class: "tabs" }, [element("div", {
			class: "tab-list",
			attributes: {
				role: "tablist",
				"aria-label": label
			}
		}, buttons), ...list.map((tab) => tab.panel)]);
		requestAnimationFrame(() => show(0, false));
		return made;
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
		const sites = siteTable(flame, options.byFunction);
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
	function siteTable(flame, byFunction) {
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
	// reports/html/source-panel.ts
	function sourcePanel(excerpt, isOpen = false) {
		const panel = element("details", {}, [element("summary", { text: excerptTitle(excerpt) }), element("pre", { text: formatExcerpt(excerpt).join("\n") })]);
		panel.open = isOpen;
		return panel;
	}
	// reports/html/spike-section.ts
	function spikeSection(spike, number, run, line) {
		const back = formatRecovery(spike);
		const first = spike.suspects[0];
		const margin = Math.max(500, (spike.endMs - spike.startMs) / 4);
		const list = [];
		if (spike.suspects.length > 0) list.push({
			title: "Suspects",
			panel: element("div", {}, [suspectTable(spike.suspects)])
		});
		if (spike.parts.length > 0) list.push({
			title: "Made of",
			panel: partsPanel(spike)
		});
		if (spike.flame) {
			const view = flameView(spike.flame);
			list.push({
				title: "Flame graph",
				panel: element("div", {}, [view.root]),
				onShow: view.draw
			});
		}
		if (spike.retained.length > 0) list.push({
			title: "Retained",
			panel: element("div", {}, [retainedTable(spike.retained)])
		});
		if (spike.streams.length > 0 || spike.frames) list.push({
			title: "Packets",
			panel: packetPanel(spike, number)
		});
		if (spike.profiles.length > 0) list.push({
			title: "Profiles",
			panel: profilePanel(spike)
		});
		return section(run.spikes.length > 1 ? `Spike ${number}` : "Spike", [
			element("p", { class: "spike-line" }, [
				element("strong", { text: formatHeight(spike) }),
				document.createTextNode(` from ${formatBytes(spike.baselineBytes)} to ${formatBytes(spike.topBytes)}, ${formatDuration(spike.startMs)} – ${formatDuration(spike.topMs)}, ${back} `),
				element("span", {
					class: "tag",
					text: spike.cause
				}),
				line ? button("Show", () => line.show({
					min: (spike.startMs - margin) / 1e3,
					max: (spike.endMs + margin) / 1e3
				})) : null
			]),
			element("p", { text: printable(spike.causeDetail) }),
			first ? element("p", { class: "first" }, [
				document.createTextNode(standsOut(spike) ? "First suspect: " : "No call site stands out; the largest: "),
				element("code", { text: formatSite(first) }),
				document.createTextNode(` ${formatShare(first.share)}`)
			]) : null,
			spike.keeper ? element("p", { class: "first" }, [document.createTextNode("Kept by: "), element("code", { text: formatKeeper(spike.keeper) })]) : null,
			spike.lines ? element("p", { text: `Lines of ${printable(spike.lines.functionName, 120)}: ${formatLines(spike.lines)}` }) : null,
			...spike.sources.map((source) => sourcePanel(source)),
			list.length > 0 ? tabs(list, `Spike ${number}`) : null
		], "spike");
	}
	function suspectTable(suspects) {
		return sortableTable([
			{
				title: "Call site",
				cell: (each) => element("code", { text: formatSite(each) }),
				key: formatSite
			},
			{
				title: "Added",
				numeric: true,
				key: (each) => each.selfBytes,
				cell: (each) => `${formatDifference(each.selfBytes, "bytes")}${each.errorShare > 0 ? ` ±${formatShare(each.errorShare)}` : ""}`
			},
			{
				title: "With callees",
				numeric: true,
				key: (each) => each.totalBytes,
				cell: (each) => formatBytes(each.totalBytes)
			},
			{
				title: "Steady state",
				numeric: true,
				key: (each) => each.steadyBytes,
				cell: (each) => formatBytes(each.steadyBytes)
			},
			{
				title: "Share",
				numeric: true,
				key: (each) => each.share,
				cell: (each) => formatShare(each.share)
			},
			{
				title: "Where",
				cell: (each) => each.where,
				key: (each) => each.where
			}
		], suspects);
	}
	const pathSteps = 7;
	function keptBy({ retainingPath }) {
		const steps = retainingPath.map((step) => printable(step, 120));
		const shown = steps.slice(-7).join(" → ");
		const text = steps.length > pathSteps ? `… → ${shown}` : shown;
		return element("span", {
			text,
			attributes: { title: steps.join(" → ") }
		});
	}
	const retainedShareMin = .001;
	function retainedTable(all) {
		const largest = Math.max(...all.map((each) => each.retainedBytesAdded));
		const retained = all.filter((each) => each.retainedBytesAdded >= retainedShareMin * largest);
		return sortableTable([
			{
				title: "Class",
				cell: (each) => element("code", {
					class: "tight",
					text: printable(each.className, 60)
				}),
				key: (each) => each.className
			},
			{
				title: "Objects",
				numeric: true,
				key: (each) => each.count,
				cell: (each) => formatCount(each.count)
			},
			{
				title: "Added",
				numeric: true,
				key: (each) => each.countAdded,
				cell: (each) => formatDifference(each.countAdded, "count")
			},
			{
				title: "Own size added",
				numeric: true,
				key: (each) => each.selfBytesAdded,
				cell: (each) => formatDifference(each.selfBytesAdded, "bytes")
			},
			{
				title: "Retained",
				numeric: true,
				key: (each) => each.retainedBytes,
				cell: (each) => formatBytes(each.retainedBytes)
			},
			{
				title: "Retained added",
				numeric: true,
				key: (each) => each.retainedBytesAdded,
				cell: (each) => formatDifference(each.retainedBytesAdded, "bytes")
			},
			{
				title: "At the end",
				numeric: true,
				key: (each) => each.retainedBytesAfter ?? 0,
				cell: (each) => each.retainedBytesAfter === null ? "" : formatBytes(each.retainedBytesAfter)
			},
			{
				title: "Kept by",
				cell: keptBy
			}
		], retained);
	}
	function packetPanel(spike, number) {
		const { frames, streams } = spike;
		return element("div", {}, [
			frames ? element("p", { text: `Frames ${formatCount(frames.first)} to ${formatCount(frames.last)}. To cut them out of this run:` }) : null,
			frames ? commandLine(`floodgate slice . --spike ${number} -o spike-${number}.pcapng`) : null,
			streams.length > 0 ? sortableTable(streamColumns, streams) : null
		]);
	}
	const streamColumns = [
		{
			title: "Stream",
			cell: (each) => element("code", {
				class: "tight",
				text: printable(each.destination === "" ? each.source : `${each.source} → ${each.destination}`, 300)
			}),
			key: (each) => each.source
		},
		{
			title: "Bytes",
			numeric: true,
			key: (each) => each.bytes,
			cell: (each) => formatBytes(each.bytes)
		},
		{
			title: "Frames",
			numeric: true,
			key: (each) => each.frames,
			cell: (each) => formatCount(each.frames)
		},
		{
			title: "Messages",
			numeric: true,
			key: (each) => each.messages,
			cell: (each) => formatCount(each.messages)
		},
		{
			title: "Behind a gap",
			numeric: true,
			key: (each) => each.bytesBehindGap,
			cell: (each) => each.gapFrame === null ? "" : formatBytes(each.bytesBehindGap)
		},
		{
			title: "Gap before frame",
			numeric: true,
			key: (each) => each.gapFrame ?? 0,
			cell: (each) => each.gapFrame === null ? "" : formatCount(each.gapFrame)
		},
		{
			title: "Largest message",
			numeric: true,
			key: (each) => each.largestMessageBytes,
			cell: (each) => each.largestMessage === "" ? "" : formatBytes(each.largestMessageBytes)
		},
		{
			title: "",
			cell: (each) => element("code", { text: printable(each.largestMessage, 200) })
		}
	];
	const knownWords = {
		line: "function and line",
		function: "function",
		ledger: "its own count",
		pages: "kind of page",
		nothing: ""
	};
	function partsPanel(spike) {
		return element("div", {}, [spike.namedShare === null ? null : element("p", { text: `${formatKnown(spike)}.` }), sortableTable([
			{
				title: "Part",
				cell: (each) => element("code", { text: printable(each.name, 300) }),
				key: (each) => each.name
			},
			{
				title: "Known by",
				cell: (each) => document.createTextNode(knownWords[each.by]),
				key: (each) => each.by
			},
			{
				title: "Bytes",
				numeric: true,
				key: (each) => each.bytes,
				cell: (each) => formatBytes(each.bytes)
			},
			{
				title: "Share",
				numeric: true,
				key: (each) => each.bytes,
				cell: (each) => formatShare(each.bytes / Math.max(1, spike.heightBytes))
			}
		], spike.parts)]);
	}
	function profilePanel(spike) {
		return element("div", {}, [element("ul", {}, spike.profiles.map((each) => element("li", {}, [element("code", { text: printable(each.file, 300) }), document.createTextNode(` ${each.kind}, ${each.role}, ${formatDuration(each.startMs)} – ${formatDuration(each.endMs)} (${each.format})`)])))]);
	}
	// reports/html/timeline-data.ts
	const GAUGES_MAX = 8;
	function chartsOf(run) {
		const charts = [];
		const memory = run.series.filter((table) => table.group === "memory" || table.group === "heap");
		const levels = memory.map((table) => ({
			...table,
			columns: table.columns.filter(isLevelOfBytes)
		}));
		if (levels.some((table) => table.columns.length > 0)) charts.push(joined("Memory", levels));
		for (const table of run.series) {
			if (table.group !== "traffic") continue;
			for (const unit of [...new Set(table.columns.map((column) => column.unit))]) {
				const columns = table.columns.filter((column) => column.unit === unit);
				const chart = joined(unit === "bytes" ? "Traffic, bytes" : "Traffic", [{
					...table,
					columns
				}]);
				charts.push(chart);
			}
		}
		const gauges = run.series.flatMap((table) => table.columns.map((column) => ({
			table,
			column,
			movement: movementOf(column.values)
		}))).filter(({ table, column }) => table.group !== "traffic" && !(memory.includes(table) && isLevelOfBytes(column))).filter(({ movement, column }) => movement > 0 && column.values.filter((value) => value !== null).length > 3).sort((a, b) => b.movement - a.movement).slice(0, GAUGES_MAX);
		for (const { table, column } of gauges) charts.push(joined(column.name, [{
			...table,
			columns: [column]
		}]));
		return charts.filter((chart) => chart.x.length > 1);
	}
	const isLevelOfBytes = (column) => column.unit === "bytes" && column.kind === "gauge";
	const SHOWN_FIRST = new Set([
		"rss",
		"pss",
		"heapUsed",
		"heapTotal",
		"external",
		"arrayBuffers",
		"tree"
	]);
	const isProcess = (name) => name.startsWith("process ");
	function isShownFirst(chart, name) {
		return SHOWN_FIRST.has(name) || isProcess(name) || !chart.columns.some((column) => SHOWN_FIRST.has(column.name));
	}
	function movementOf(values) {
		let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
		for (const value of values) {
			if (value === null) continue;
			if (value < low) low = value;
			if (value > high) high = value;
		}
		return high > low ? (high - low) / Math.max(Math.abs(high), Math.abs(low)) : 0;
	}
	function joined(title, tables) {
		const clock = tables.reduce((longest, table) => table.tMs.length > longest.tMs.length ? table : longest);
		const columns = [];
		for (const table of tables) for (const column of table.columns) {
			const shown = column.kind === "counter" ? rateOf(table.tMs, column) : column;
			if (shown.values.every((value) => value === null)) continue;
			columns.push(table === clock ? shown : {
				...shown,
				values: held(table.tMs, shown.values, clock.tMs)
			});
		}
		return {
			title,
			x: clock.tMs.map((ms) => ms / 1e3),
			columns
		};
	}
	function rateOf(tMs, column) {
		let last = -1;
		const values = column.values.map((value, i) => {
			if (value === null) return null;
			const before = last;
			last = i;
			if (before < 0) return null;
			const seconds = (tMs[i] - tMs[before]) / 1e3;
			const added = value - column.values[before];
			return seconds > 0 && added >= 0 ? added / seconds : null;
		});
		return {
			name: `${column.name}/s`,
			unit: column.unit === "bytes" ? "bytesPerSecond" : "perSecond",
			values
		};
	}
	function held(tMs, values, clock) {
		const out = [];
		let at = -1;
		let value = null;
		for (const t of clock) {
			while (at + 1 < tMs.length && tMs[at + 1] <= t) {
				at += 1;
				value = values[at] ?? value;
			}
			out.push(value);
		}
		return out;
	}
	// reports/html/timeline.ts
	const SERIES_COLOURS = [
		"--s1",
		"--s2",
		"--s3",
		"--s4",
		"--s5",
		"--s6",
		"--s7",
		"--s8"
	];
	const COLOUR_OF = {
		rss: "--s1",
		pss: "--s2",
		heapUsed: "--s3",
		heapTotal: "--s4",
		external: "--s5",
		arrayBuffers: "--s6"
	};
	const AXIS_PX = 74;
	function timeLine(run) {
		const charts = chartsOf(run);
		if (charts.length === 0) return null;
		const whole = {
			min: Math.min(...charts.map((chart) => chart.x[0])),
			max: Math.max(...charts.map((chart) => chart.x.at(-1)))
		};
		const plots = [];
		const range = { ...whole };
		const sync = uPlot.sync(`run-${Math.round(performance.now())}`);
		const show = (to) => {
			const span = Math.max(to.max - to.min, .001);
			range.min = Math.max(whole.min, Math.min(to.min, whole.max - .001));
			range.max = Math.min(whole.max, range.min + span);
			for (const plot of plots) plot.setScale("x", {
				min: range.min,
				max: range.max
			});
			status.textContent = range.min <= whole.min && range.max >= whole.max ? "" : `${formatDuration(range.min * 1e3)} – ${formatDuration(range.max * 1e3)}`;
		};
		const status = element("span", { class: "dim" });
		const root = element("div", {
			class: "timeline",
			attributes: {
				tabindex: "0",
				role: "group",
				"aria-label": "Time line: arrow keys move, plus and minus zoom, 0 shows all"
			}
		});
		root.append(element("div", { class: "controls" }, [
			button("Whole run", () => show(whole)),
			...run.spikes.map((spike, i) => {
				const margin = Math.max(.5, (spike.endMs - spike.startMs) / 4e3);
				return button(`Spike ${i + 1}`, () => show({
					min: spike.startMs / 1e3 - margin,
					max: spike.endMs / 1e3 + margin
				}));
			}),
			status,
			element("span", {
				class: "dim hint",
				text: "drag to zoom, double-click for all; keys: ← → + − 0; click a name to show or hide it"
			})
		]));
		root.addEventListener("keydown", (event) => {
			const next = keyRange(event.key, range, whole);
			if (!next) return;
			event.preventDefault();
			show(next);
		});
		requestAnimationFrame(() => {
			charts.forEach((chart, i) => {
				const place = element("div", { class: "chart" });
				root.append(place);
				const height = i === 0 ? 300 : 96;
				const options = chartOptions(chart, run, i === 0, sync.key, {
					width: place.clientWidth,
					height
				}, whole, show);
				plots.push(new uPlot(options, [chart.x, ...chart.columns.map((column) => column.values)], place));
				sync.sub(plots.at(-1));
				new ResizeObserver(() => plots[i].width !== place.clientWidth && plots[i].setSize({
					width: place.clientWidth,
					height
				})).observe(place);
				plots[i].over.addEventListener("dblclick", () => show(whole));
			});
			onThemeChange(() => {
				for (const plot of plots) plot.redraw(false, true);
			});
		});
		return {
			root,
			show
		};
	}
	function lineColour(name, index) {
		return Object.hasOwn(COLOUR_OF, name) ? COLOUR_OF[name] : SERIES_COLOURS[index % SERIES_COLOURS.length];
	}
	function keyRange(key, range, whole) {
		const span = range.max - range.min;
		const middle = (range.min + range.max) / 2;
		switch (key) {
			case "ArrowLeft": return {
				min: Math.max(whole.min, range.min - span / 5),
				max: Math.max(whole.min, range.min - span / 5) + span
			};
			case "ArrowRight": {
				const min = Math.min(whole.max - span, range.min + span / 5);
				return {
					min,
					max: min + span
				};
			}
			case "+":
			case "=": return {
				min: middle - span / 4,
				max: middle + span / 4
			};
			case "-": return {
				min: Math.max(whole.min, middle - span),
				max: Math.min(whole.max, middle + span)
			};
			case "0": return whole;
			default: return;
		}
	}
	function chartOptions(chart, run, isMemory, syncKey, size, whole, show) {
		const unit = chart.columns[0]?.unit ?? "count";
		const axis = {
			stroke: () => colourOf("--dim"),
			grid: {
				stroke: () => colourOf("--grid"),
				width: 1
			},
			ticks: { show: false },
			font: "12px system-ui, sans-serif"
		};
		return {
			...size,
			cursor: {
				sync: { key: syncKey },
				y: false,
				drag: {
					x: true,
					y: false,
					setScale: false
				},
				points: { size: 7 }
			},
			scales: {
				x: {
					time: false,
					...whole
				},
				y: { range: (_plot, low, high) => [Math.min(0, low ?? 0), (high || 1) * 1.06] }
			},
			axes: [{
				...axis,
				size: isMemory ? 30 : 8,
				values: (_plot, ticks) => ticks.map((tick) => isMemory ? formatDuration(tick * 1e3) : "")
			}, {
				...axis,
				size: AXIS_PX,
				space: 26,
				values: (_plot, ticks) => ticks.map((tick) => formatValue(tick, unit))
			}],
			series: [{
				label: "time",
				value: (_plot, x) => x === null ? "" : formatDuration(Math.round(x * 1e6) / 1e3)
			}, ...chart.columns.map((column, i) => ({
				label: printable(column.name, 60),
				stroke: () => colourOf(lineColour(column.name, i)),
				show: isShownFirst(chart, column.name),
				width: i === 0 ? 2 : 1.3,
				spanGaps: true,
				points: { show: false },
				value: (_plot, value) => value === null ? "–" : formatValue(value, column.unit)
			}))],
			hooks: {
				drawClear: [(plot) => drawBands(plot, run, isMemory)],
				draw: isMemory ? [(plot) => drawMarks(plot, run)] : [],
				setSelect: [(plot) => {
					if (plot.select.width < 4) return;
					const min = plot.posToVal(plot.select.left, "x");
					const max = plot.posToVal(plot.select.left + plot.select.width, "x");
					plot.setSelect({
						left: 0,
						top: 0,
						width: 0,
						height: 0
					}, false);
					show({
						min,
						max
					});
				}]
			}
		};
	}
	function drawBands(plot, run, named) {
		const { ctx, bbox } = plot;
		const x = (ms) => Math.min(Math.max(plot.valToPos(ms / 1e3, "x", true), bbox.left), bbox.left + bbox.width);
		ctx.save();
		ctx.fillStyle = colourOf("--spike");
		for (const spike of run.spikes.filter(({ line }) => line === "rss")) ctx.fillRect(x(spike.startMs), bbox.top, Math.max(1, x(spike.endMs) - x(spike.startMs)), bbox.height);
		ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
		ctx.textBaseline = "top";
		for (const phase of run.phases) {
			const [left, right] = [x(phase.startMs), x(phase.endMs)];
			ctx.strokeStyle = colourOf("--grid");
			ctx.beginPath();
			ctx.moveTo(left, bbox.top);
			ctx.lineTo(left, bbox.top + bbox.height);
			ctx.stroke();
			if (!named || right - left < 30) continue;
			ctx.beginPath();
			ctx.rect(left, bbox.top, right - left, 20 * devicePixelRatio);
			ctx.save();
			ctx.clip();
			ctx.fillStyle = colourOf("--dim");
			ctx.fillText(printable(phase.name, 60), left + 4 * devicePixelRatio, bbox.top + 3 * devicePixelRatio);
			ctx.restore();
		}
		ctx.restore();
	}
	function drawMarks(plot, run) {
		const { ctx, bbox } = plot;
		ctx.save();
		ctx.beginPath();
		ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
		ctx.clip();
		ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
		ctx.textAlign = "right";
		ctx.textBaseline = "bottom";
		for (const budget of run.budgets) {
			if (!budget.name.startsWith("rss.") || budget.unit !== "bytes") continue;
			const y = plot.valToPos(budget.limit, "y", true);
			if (y < bbox.top || y > bbox.top + bbox.height) continue;
			ctx.strokeStyle = ctx.fillStyle = colourOf(budget.ok ? "--good" : budget.state === "over" ? "--bad" : "--warn");
			ctx.setLineDash([6, 4]);
			ctx.beginPath();
			ctx.moveTo(bbox.left, y);
			ctx.lineTo(bbox.left + bbox.width, y);
			ctx.stroke();
			ctx.fillText(`${printable(budget.name, 40)} ≤ ${formatValue(budget.limit, budget.unit)}`, bbox.left + bbox.width - 6, y - 2);
		}
		ctx.setLineDash([]);
		for (const isMinor of [true, false]) {
			ctx.strokeStyle = colourOf(isMinor ? "--dim" : "--s6");
			ctx.lineWidth = devicePixelRatio;
			ctx.beginPath();
			run.gc.tMs.forEach((ms, i) => {
				if (/scav|minor/i.test(run.gc.kind[i]) !== isMinor) return;
				const x = plot.valToPos(ms / 1e3, "x", true);
				const height = (isMinor ? 5 : 12) * devicePixelRatio;
				ctx.moveTo(x, bbox.top + bbox.height);
				ctx.lineTo(x, bbox.top + bbox.height - height);
			});
			ctx.stroke();
		}
		ctx.restore();
	}
	// reports/html/verdict-class.ts
	function verdictClass({ ok, exitCode }) {
		return ok ? "ok" : exitCode === 4 ? "unknown" : "over";
	}
	function stateClass(state) {
		return state === "pass" ? "ok" : state === "over" ? "over" : "unknown";
	}
	// reports/html/run-page.ts
	const laneWords = {
		tap: "TAP lane, ",
		exact: "Exact lane, ",
		load: ""
	};
	function runPage(run) {
		const line = timeLine(run);
		return element("article", {}, [
			verdictBanner(run),
			section("Budget", run.budgets.length > 0 ? [budgetTable(run.budgets)] : []),
			section("Time line", line ? [line.root] : []),
			...run.spikes.map((spike, i) => spikeSection(spike, i + 1, run, line)),
			section("Threads and processes", familyTables(run)),
			section("Delivery", deliveryRows(run)),
			section("Figures", figureRows(run)),
			section("Passes", run.passes.length > 0 ? [passTable(run.passes)] : []),
			section("Counters", Object.keys(run.counters).length > 0 ? [counterTable(run.counters)] : []),
			section("Environment", [environmentList(run)])
		]);
	}
	function verdictBanner(run) {
		const { verdict } = run;
		const defect = run.scenario.defect === null ? "" : `, with the defect ${printable(run.scenario.defect)}`;
		return element("header", { class: `verdict card ${verdictClass(verdict)}` }, [element("div", {
			class: "word",
			text: verdictWord(verdict)
		}), element("div", {}, [
			element("h1", { text: printable(run.scenario.name, 200) }),
			element("p", {
				class: "headline",
				text: printable(verdict.headline)
			}),
			element("p", {
				class: "dim",
				text: `${sentence(printable(run.scenario.description))} ${laneWords[run.lane]}${formatDuration(run.durationMs)}${defect}.`
			}),
			run.target.stages === "" ? null : element("p", { text: sentence(capitalized(printable(run.target.stages, 80))) }),
			run.partial ? element("p", {
				class: "warning",
				text: "Partial: the run was cut short. What is here is true, but not all."
			}) : null,
			...run.notes.map((note) => element("p", {
				class: note.severity === "warning" ? "warning" : "dim",
				text: printable(note.text)
			})),
			commandLine(run.command)
		])]);
	}
	function familyTables({ family }) {
		if (!family || family.threads.length + family.processes.length === 0) return [];
		const threadRow = ({ id, name, heapMaxBytes, allocatedBytes, note }, of) => ({
			name: `${of}thread ${id} ${name}`,
			memoryBytes: null,
			heapBytes: heapMaxBytes,
			allocatedBytes,
			note
		});
		const rows = [...family.threads.map((thread) => threadRow(thread, "")), ...family.processes.flatMap(({ pid, command, rssMaxBytes, heapMaxBytes, allocatedBytes, note, threads }) => [{
			name: `process ${pid} ${command}`,
			memoryBytes: rssMaxBytes,
			heapBytes: heapMaxBytes,
			allocatedBytes,
			note
		}, ...threads.map((thread) => threadRow(thread, `process ${pid}, `))])];
		const bytes = (value) => value === null ? "–" : formatBytes(value);
		const columns = [
			{
				title: "Started by the target",
				cell: (row) => printable(row.name, 200),
				key: (row) => row.name
			},
			{
				title: "RSS at most",
				numeric: true,
				cell: (row) => bytes(row.memoryBytes),
				key: (row) => row.memoryBytes ?? -1
			},
			{
				title: "Heap at most",
				numeric: true,
				cell: (row) => bytes(row.heapBytes),
				key: (row) => row.heapBytes ?? -1
			},
			{
				title: "Allocated",
				numeric: true,
				cell: (row) => bytes(row.allocatedBytes),
				key: (row) => row.allocatedBytes ?? -1
			},
			{
				title: "",
				cell: (row) => element("span", {
					class: "prose",
					text: printable(row.note, 300)
				})
			}
		];
		return [...family.treeMaxBytes === null ? [] : [element("p", { text: `With the target ${formatBytes(family.treeMaxBytes)} at most, pages that they share counted once.` })], sortableTable(columns, rows, (row) => row.note === "" ? "" : "warning")];
	}
	const stateTitles = {
		pass: "within budget",
		over: "over budget",
		waived: "over budget, and waived for a while",
		undecided: "measured, but not well enough to decide",
		notMeasured: "not measured"
	};
	function sentence(text) {
		return text === "" || /[.!?]$/.test(text) ? text : `${text}.`;
	}
	function capitalized(text) {
		return text.slice(0, 1).toUpperCase() + text.slice(1);
	}
	function budgetTable(budgets) {
		return sortableTable([
			{
				title: "",
				cell: (each) => element("span", {
					class: `mark ${stateClass(each.state)}`,
					text: stateMark(each.state),
					attributes: { title: stateTitles[each.state] }
				})
			},
			{
				title: "Budget",
				cell: (each) => printable(each.name, 200),
				key: (each) => each.name
			},
			{
				title: "Actual",
				numeric: true,
				cell: (each) => formatActual(each)
			},
			{
				title: "Limit",
				numeric: true,
				cell: (each) => `${each.bound === "max" ? "≤" : "≥"} ${formatValue(each.limit, each.unit)}`
			},
			{
				title: "Used",
				cell: usedBar
			},
			{
				title: "",
				cell: (each) => element("span", {
					class: each.note === "" ? "" : "prose",
					text: printable(each.note, 300)
				})
			}
		], budgets, (each) => each.ok ? "" : stateClass(each.state));
	}
	function usedBar(budget) {
		if (budget.actual === null || budget.limit <= 0 || budget.bound === "min") return document.createTextNode("");
		const used = budget.actual / budget.limit;
		const bar = element("meter", { attributes: {
			min: "0",
			max: "1",
			value: String(Math.min(1, used)),
			class: stateClass(budget.state)
		} });
		return element("span", { class: "used" }, [bar, document.createTextNode(` ${formatShare(used)}`)]);
	}
	function deliveryRows({ ledger, messages, exchanges }) {
		const rows = [];
		if (ledger) rows.push(element("p", {
			class: ledger.ok ? "" : "warning",
			text: `Delivered ${formatCount(ledger.framesDelivered)} of ${formatCount(ledger.framesSent)} frames, ${formatBytes(ledger.bytesDelivered)} of ${formatBytes(ledger.bytesSent)}; ${formatDropped(ledger)}.`
		}));
		if (messages) {
			const { found, truth, mayBeLost } = messages;
			const missing = found.requests < truth.requests || found.responses < truth.responses;
			const loose = mayBeLost.requests + mayBeLost.responses;
			rows.push(element("p", {
				class: missing ? "warning" : "",
				text: `Found ${formatFound(found.requests, truth.requests, "requests")} and ${formatFound(found.responses, truth.responses, "responses")} that survived${loose > 0 ? `; ${formatCount(loose)} more were damaged and may be lost` : ""}.`
			}));
		}
		if (exchanges) {
			const text = `${formatExchanges(exchanges)}.`;
			rows.push(element("p", {
				class: exchanges.missing > 0 ? "warning" : "",
				text
			}));
		}
		return rows;
	}
	function figureRows({ figures, budgets }) {
		const free = figures.filter(({ name }) => budgets.every((budget) => budget.name !== name));
		const known = free.filter(({ value }) => value !== null);
		const reasons = free.filter(({ value }) => value === null).map(({ name, note }) => element("p", {
			class: "dim",
			text: `${printable(name, 100)}: ${printable(note, 300)}`
		}));
		return [...known.length > 0 ? [figureTable(known)] : [], ...reasons.length > 0 ? [element("details", {}, [element("summary", { text: `${reasons.length} not known` }), ...reasons])] : []];
	}
	function figureTable(figures) {
		return sortableTable([{
			title: "Figure",
			cell: (each) => printable(each.name, 200),
			key: (each) => each.name
		}, {
			title: "Value",
			numeric: true,
			cell: (each) => formatValue(each.value ?? NaN, each.unit)
		}], figures);
	}
	function passTable(passes) {
		return sortableTable([
			{
				title: "Pass",
				cell: (each) => each.kind
			},
			{
				title: "Time",
				numeric: true,
				cell: (each) => formatDuration(each.durationMs)
			},
			{
				title: "Instruments",
				cell: (each) => each.instruments.map((name) => printable(name, 120)).join(", ")
			},
			{
				title: "Cost",
				numeric: true,
				cell: (each) => each.overheadShare === null ? "" : `${formatShare(each.overheadShare)} CPU`
			},
			{
				title: "",
				cell: (each) => [each.disturbed ? "disturbed" : "", printable(each.note, 300)].filter((word) => word !== "").join(", ")
			}
		], passes);
	}
	function counterTable(counters) {
		const rows = Object.entries(counters).sort(([a], [b]) => a < b ? -1 : 1);
		const place = element("div");
		const search = element("input", { attributes: {
			type: "search",
			placeholder: "Filter",
			"aria-label": "Filter counters"
		} });
		const fill = () => {
			const wanted = search.value.toLowerCase();
			const kept = rows.filter(([name]) => name.toLowerCase().includes(wanted));
			place.replaceChildren(sortableTable([{
				title: "Counter",
				cell: ([name]) => printable(name, 200),
				key: ([name]) => name
			}, {
				title: "Value",
				numeric: true,
				key: ([, value]) => value,
				cell: ([, value]) => formatCount(value)
			}], kept));
		};
		search.addEventListener("input", fill);
		fill();
		return element("details", {}, [
			element("summary", { text: `${rows.length} counters` }),
			search,
			place
		]);
	}
	function environmentList(run) {
		const { environment, target, tool, scenario } = run;
		const rows = [
			["Target", `${target.name} ${target.version}`],
			["Started as", target.command.join(" ")],
			["Runs on", target.runtime],
			["floodgate on", `Node.js ${environment.node} (V8 ${environment.v8})`],
			["System", `${environment.platform} ${environment.arch}, kernel ${environment.kernel}`],
			["Machine", `${environment.cpu}, ${environment.cores} cores, ${formatBytes(environment.memoryBytes)}`],
			["Privilege", environment.privilege],
			["Seed", scenario.seed === null ? "none" : String(scenario.seed)],
			...Object.entries(scenario.options),
			...Object.entries(environment.extra),
			["Started at", run.startedAt],
			["Made by", `${tool.name} ${tool.version}, report version ${run.schemaVersion}`]
		];
		return element("dl", {}, rows.filter(([, value]) => value !== "").flatMap(([name, value]) => [element("dt", { text: printable(name, 100) }), element("dd", { text: printable(value) })]));
	}
	// reports/html/main.ts
	function start() {
		const data = document.getElementById("report")?.textContent ?? "";
		const report = JSON.parse(data);
		const top = element("div", { class: "top" }, [element("span", {
			class: "brand",
			text: "floodgate"
		}), themeButton()]);
		const main = element("main");
		document.body.replaceChildren(top, main);
		const runs = report.runs.map(unpackRun);
		if (report.gate) main.append(gateHeader(report.gate));
		const place = element("div");
		const show = (index) => {
			const run = runs[index];
			if (run) place.replaceChildren(runPage(run));
		};
		if (runs.length > 1 || report.gate) main.append(gateList(runs, show));
		main.append(place);
		const firstBad = runs.findIndex((run) => !run.verdict.ok);
		show(Math.max(0, firstBad));
		document.documentElement.dataset.ready = "true";
	}
	function gateHeader(gate) {
		return element("header", { class: `verdict card ${verdictClass(gate)}` }, [element("div", {
			class: "word",
			text: verdictWord(gate)
		}), element("div", {}, [
			element("h1", { text: printable(gate.headline) }),
			element("p", {
				class: "dim",
				text: formatDuration(gate.durationMs)
			}),
			...gate.notes.map((note) => element("p", {
				class: note.severity === "warning" ? "warning" : "dim",
				text: printable(note.text)
			})),
			commandLine(gate.command)
		])]);
	}
	function gateList(runs, show) {
		const cards = runs.map((run, i) => {
			const rss = findColumn(run, "rss");
			const card = button("", () => choose(i), { class: `scenario card ${verdictClass(run.verdict)}` });
			card.append(element("strong", { text: `${verdictMark(run.verdict)} ${printable(run.scenario.name, 80)}` }), element("span", {
				class: "spark",
				text: rss ? sparkLine(rss.table.tMs, rss.column.values, 28) : "",
				attributes: { "aria-hidden": "true" }
			}), element("span", {
				class: "dim",
				text: printable(run.verdict.headline, 160)
			}));
			return card;
		});
		const choose = (index) => {
			cards.forEach((card, i) => void card.setAttribute("aria-pressed", String(i === index)));
			show(index);
		};
		const firstBad = runs.findIndex((run) => !run.verdict.ok);
		cards.forEach((card, i) => void card.setAttribute("aria-pressed", String(i === Math.max(0, firstBad))));
		return element("nav", {
			class: "scenarios",
			attributes: { "aria-label": "Scenarios" }
		}, cards);
	}
	// page-entry
	start();
})();
