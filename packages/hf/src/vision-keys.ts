const tokens = 'says which tokens stand for images';

/** Keys of models of text and images beside those of their language model, none of which changes it. */
export const visionKeys: Readonly<Record<string, string>> = {
  vision_config: 'vision tower',
  image_token_id: tokens,
  video_token_id: tokens,
  vision_start_token_id: tokens,
  vision_end_token_id: tokens,
  vision_token_id: tokens,
};
