// The figure of a photo by which its place in the queue is chosen, and what is known of its mask in words.

// The probability that the mask has no fault; predictions of earlier versions know its confidence alone, or nothing.
export const figure = ({clean, confidence}) => clean ? `${clean} clean` : confidence;

export function inWords({clean, confidence, predicted}) {
  const known = [clean && `Without a fault with a probability of ${clean}`, confidence && `expected Dice of the mask ${confidence}`, predicted && `predicted as ${predicted}`];
  const words = known.filter(Boolean).join("; ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
