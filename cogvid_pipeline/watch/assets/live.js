// Reloads the page when there is a newer one, and says over it what is being done or what is wrong.
"use strict";
{
  const page = new URL(document.currentScript.src).search.slice(1);

  const notice = document.createElement("pre");
  notice.id = "live";
  Object.assign(notice.style, {
    position: "fixed", inset: "auto 0 0 0", zIndex: 9999, boxSizing: "border-box", maxHeight: "60vh",
    margin: 0, padding: "0.75rem 1rem", overflow: "auto", whiteSpace: "pre-wrap", overflowWrap: "anywhere",
    font: "13px/1.5 ui-monospace, monospace", color: "#fff",
  });

  const say = (mood, words) => {
    notice.textContent = words;
    notice.dataset.mood = mood;
    notice.setAttribute("role", mood === "wrong" ? "alert" : "status");
    notice.style.background = mood === "wrong" ? "#8c1d18" : "#2d3440";
    words ? document.body.append(notice) : notice.remove();
  };

  const news = new EventSource("news");
  news.addEventListener("message", (event) => {
    const { page: newest, mood, words } = JSON.parse(event.data);
    if (newest !== page) location.reload();
    else say(mood, words);
  });
  news.addEventListener("error", () => say("busy", "cogvid preview has ended; this page waits for the next one at this address"));
}
