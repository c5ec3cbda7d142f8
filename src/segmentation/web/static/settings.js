// What a person has chosen here, which this browser keeps.

const NAME = "review";

export const settings = Object.assign(
  {size: 24, hardness: 0.8, add: true, mode: "outline", ground: "checker", colour: "#3b6ea5", filter: "all", order: "garments", learned: "mine", validation: ""},
  JSON.parse(localStorage.getItem(NAME) ?? "{}"),
);

export const keep = () => localStorage.setItem(NAME, JSON.stringify(settings));
