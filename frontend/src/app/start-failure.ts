/** Says that the console could not be loaded whole, in all its languages, because their catalogs may be what is missing. */
export function showStartFailure(root: HTMLElement): void {
  const card = document.createElement("main");
  card.className = "card start-failure";
  const said = document.createElement("p");
  said.setAttribute("role", "alert");
  said.textContent = "The console could not be loaded. · 콘솔을 불러오지 못했습니다.";
  const again = document.createElement("button");
  again.className = "primary";
  again.textContent = "Load again · 다시 불러오기";
  again.addEventListener("click", () => location.reload());
  card.append(said, again);
  root.replaceChildren(card);
}
