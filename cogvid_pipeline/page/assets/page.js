// The storyboard page: filters, keys, and clips that are loaded when somebody wants to see them.
"use strict";
(() => {
  const $ = (selector, within = document) => within.querySelector(selector);
  const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
  const bench = $(".bench");
  const table = $(".table");
  const shots = $$("main .shot");
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const visible = () => shots.filter((shot) => !shot.parentElement.hidden);

  // --- clips -----------------------------------------------------------------------------------------

  const videoFor = (frame, options) => {
    const video = document.createElement("video");
    Object.assign(video, { muted: true, loop: true, playsInline: true, ...options });
    video.src = frame.dataset.clip;
    return video;
  };

  // At most one clip of the grid plays at a time, and what does not play is not kept.
  let playing = null;

  const stop = () => {
    if (!playing) return;
    const video = $("video", playing);
    playing.classList.remove("playing");
    video.pause();
    video.removeAttribute("src");
    video.load();
    video.remove();
    playing = null;
  };

  const play = (frame) => {
    if (playing === frame) return;
    stop();
    const video = videoFor(frame, { preload: "auto", tabIndex: -1 });
    video.ariaHidden = "true";
    video.addEventListener("playing", () => frame.classList.add("playing"), { once: true });
    frame.append(video);
    playing = frame;
    video.play().catch(() => {});
  };

  let soon = 0;
  document.addEventListener("pointerover", (event) => {
    const frame = event.target.closest?.("main .frame[data-clip]");
    clearTimeout(soon);
    if (event.pointerType === "mouse" && frame && !still.matches) soon = setTimeout(() => play(frame), 120);
  });
  document.addEventListener("pointerout", (event) => {
    const frame = event.target.closest?.(".frame[data-clip]");
    if (event.pointerType === "mouse" && frame && !frame.contains(event.relatedTarget)) {
      clearTimeout(soon);
      if (playing === frame) stop();
    }
  });

  // --- before and after: two clips, one scrubber -------------------------------------------------------

  const element = (tag, fields) => Object.assign(document.createElement(tag), fields);

  const compare = (pair) => {
    if ($(".scrubber", pair)) return;
    const videos = $$(".frame[data-clip]", pair).map((frame) => {
      const video = videoFor(frame, { preload: "auto", loop: false, poster: $("img", frame).src });
      video.setAttribute("aria-label", $("img", frame).alt);
      const box = element("div", { className: "frame playing" });
      box.append(video);
      frame.replaceWith(box);
      return video;
    });
    const scrubber = element("div", { className: "scrubber" });
    const button = element("button", { type: "button", textContent: "Play" });
    const range = element("input", { type: "range", min: 0, max: 1, step: "any", value: 0 });
    const time = element("output", { textContent: "0.0 s" });
    range.setAttribute("aria-label", "Place in both clips");
    scrubber.append(button, range, time);
    pair.append(scrubber);

    const length = () => Math.max(...videos.map((video) => video.duration || 0));
    const show = (seconds) => {
      range.max = length() || 1;
      range.value = seconds;
      time.textContent = `${seconds.toFixed(1)} s`;
    };
    const seek = (seconds) => {
      for (const video of videos) {
        if (video.duration) video.currentTime = Math.min(seconds, Math.max(video.duration - 0.001, 0));
      }
    };
    const pause = () => {
      videos.forEach((video) => video.pause());
      button.textContent = "Play";
    };
    const longest = () => videos.find((video) => video.duration === length()) ?? videos[0];
    const follow = () => {
      if (!pair.isConnected || button.textContent === "Play") return;
      show(longest().currentTime);
      if (longest().ended) pause();
      else requestAnimationFrame(follow);
    };
    button.addEventListener("click", () => {
      if (button.textContent === "Pause") return pause();
      if (longest().ended) seek(0);
      button.textContent = "Pause";
      Promise.all(videos.map((video) => video.play())).catch(pause);
      requestAnimationFrame(follow);
    });
    range.addEventListener("input", () => {
      pause();
      seek(Number(range.value));
      time.textContent = `${Number(range.value).toFixed(1)} s`;
    });
    videos.forEach((video) => video.addEventListener("loadedmetadata", () => show(Number(range.value))));
  };

  document.addEventListener("toggle", (event) => {
    if (event.target.open) $$(".compare", event.target).forEach(compare);
  }, true);

  // --- a closer look -----------------------------------------------------------------------------------

  let looking = null;

  const close = () => table.open && table.close();

  const look = (shot) => {
    stop();
    looking = shot;
    const copy = shot.cloneNode(true);
    for (const part of [copy, ...$$("[id]", copy)]) part.removeAttribute("id");
    copy.removeAttribute("aria-labelledby");
    for (const frame of $$(".takes .frame[data-clip]", copy)) {
      const video = videoFor(frame, { controls: true, preload: "metadata", poster: $("img", frame).src });
      video.setAttribute("aria-label", $("img", frame).alt);
      const box = element("div", { className: "frame playing" });
      box.append(video);
      frame.replaceWith(box);
    }
    const stage = element("div", { className: "stage" });
    const pairs = $$(".compare", copy);
    const takes = $(".takes", copy);
    takes.replaceWith(stage);
    // Of one take, what it is now is in the comparison.
    if (!pairs.length || takes.matches(".several")) stage.append(takes);
    stage.append(...pairs);
    table.replaceChildren(steps(shot), copy);
    table.setAttribute("aria-label", $("h3", copy).textContent);
    if (!table.open) table.showModal();
    table.scrollTop = 0;
    for (const details of $$("details", copy)) details.open = true;
    pairs.forEach(compare);
    const first = $(".lead video", copy);
    if (first && !still.matches) first.play().catch(() => {});
  };

  const steps = (shot) => {
    const bar = element("nav", {});
    bar.setAttribute("aria-label", "Shots");
    const list = visible();
    const at = list.indexOf(shot);
    for (const [words, other] of [["Previous", list[at - 1]], ["Next", list[at + 1]]]) {
      const button = element("button", { type: "button", textContent: words, disabled: !other });
      button.addEventListener("click", () => look(other));
      bar.append(button);
    }
    const end = element("button", { type: "button", textContent: "Close" });
    end.addEventListener("click", close);
    bar.append(end);
    return bar;
  };

  table.addEventListener("close", () => {
    for (const video of $$("video", table)) {
      video.pause();
      video.removeAttribute("src");
      video.load();
    }
    table.replaceChildren();
    if (looking) focus(looking);
  });

  document.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.button) return;
    if (event.target === table) return close();
    const link = event.target.closest(".takes .frame[data-clip], h3 a");
    const tie = event.target.closest(".table .ties a");
    if (link && !table.contains(link)) {
      event.preventDefault();
      look(link.closest(".shot"));
    } else if (tie) {
      event.preventDefault();
      const shot = document.getElementById(tie.hash.slice(1));
      if (shot) look(shot);
    } else if (event.target.closest(".table h3 a")) {
      close();
    }
  });

  // --- from shot to shot ---------------------------------------------------------------------------------

  const focus = (shot) => {
    $("h3 a", shot).focus({ preventScroll: true });
    shot.scrollIntoView({ block: "nearest" });
  };

  const current = () => document.activeElement?.closest("main .shot") ?? null;

  const step = (by) => {
    const list = visible();
    const at = list.indexOf(current());
    const next = at < 0 ? list[0] : list[at + by];
    if (next) focus(next);
  };

  // The shot above or below, by where it stands.
  const row = (by) => {
    const here = current().getBoundingClientRect();
    const list = visible();
    const at = list.indexOf(current());
    const way = by > 0 ? list.slice(at + 1) : list.slice(0, at).reverse();
    const other = way.find((shot) => {
      const there = shot.getBoundingClientRect();
      return Math.abs(there.left - here.left) < here.width / 2 && there.top !== here.top;
    });
    if (other) focus(other);
  };

  const keys = {
    j: () => step(1),
    k: () => step(-1),
    "/": () => {
      bench.words.focus();
      bench.words.select();
    },
    ArrowRight: () => current() && step(1),
    ArrowLeft: () => current() && step(-1),
    ArrowDown: () => current() && row(1),
    ArrowUp: () => current() && row(-1),
    " ": () => {
      const frame = current() && $(".lead .frame[data-clip]", current());
      if (frame) playing === frame ? stop() : play(frame);
    },
  };
  const moving = new Set(["ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp", " "]);

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.closest("input, textarea, select, video");
    if (table.open) {
      if (typing) return;
      const other = { j: 1, ArrowRight: 1, k: -1, ArrowLeft: -1 }[event.key];
      const list = visible();
      const next = other && list[list.indexOf(looking) + other];
      if (next) {
        event.preventDefault();
        look(next);
      }
      return;
    }
    if (event.key === "Escape") {
      if (typing) {
        bench.words.value = "";
        filter();
      }
      stop();
      document.activeElement?.blur();
      return;
    }
    if (typing || !keys[event.key]) return;
    if (moving.has(event.key) && (!current() || event.target.closest("button, summary"))) return;
    event.preventDefault();
    keys[event.key]();
  });

  // --- search and filters ----------------------------------------------------------------------------------

  const texts = new Map();
  const text = (shot) => {
    if (!texts.has(shot)) texts.set(shot, shot.textContent.toLowerCase());
    return texts.get(shot);
  };
  const pressed = (name) => $$(`[data-${name}][aria-pressed="true"]`, bench).map((chip) => chip.dataset[name]);

  const filter = () => {
    stop();
    const words = bench.words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const kinds = pressed("kind");
    const tags = pressed("tag");
    for (const shot of shots) {
      const its = shot.dataset.tags.split(" ");
      shot.parentElement.hidden = !(
        (!kinds.length || kinds.includes(shot.dataset.kind)) &&
        tags.every((tag) => its.includes(tag)) &&
        words.every((word) => text(shot).includes(word))
      );
    }
    const shown = visible().length;
    const narrowed = words.length || kinds.length || tags.length;
    $(".found", bench).textContent = narrowed ? `${shown} of ${shots.length} shots` : "";
  };

  bench.addEventListener("submit", (event) => event.preventDefault());
  bench.addEventListener("input", filter);
  bench.addEventListener("click", (event) => {
    const chip = event.target.closest("[aria-pressed]");
    if (!chip) return;
    chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") !== "true"));
    filter();
  });

  // --- dark and light ----------------------------------------------------------------------------------------

  const themes = ["auto", "light", "dark"];
  const stored = () => {
    try {
      return localStorage.getItem("theme") ?? "auto";
    } catch {
      return "auto"; // a page that was opened from the disk may have nowhere to remember things
    }
  };
  const paint = (theme) => {
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    $(".theme").textContent = `Theme: ${theme}`;
  };
  let theme = themes.includes(stored()) ? stored() : "auto";
  paint(theme);
  $(".theme").addEventListener("click", () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length];
    paint(theme);
    try {
      localStorage.setItem("theme", theme);
    } catch {
      // see above
    }
  });

  bench.hidden = false;
  $(".theme").hidden = false;
  $(".keys").hidden = false;
})();
